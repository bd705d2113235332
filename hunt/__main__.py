"""The ``hunt`` command, and ``python -m hunt``."""

from __future__ import annotations

import os
import sys
from functools import partial

from hunt.cli import exit_status, hunt


def main() -> None:
    """Run the command line; does not return."""
    _open_standard_streams()
    sys.exit(exit_status.run_command(partial(hunt, prog_name="hunt", standalone_mode=False)))


def _open_standard_streams() -> None:
    """Open standard streams that are closed; a socket could get their numbers and the output."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            # It gets the lowest free number, which is `fd`; worker processes inherit it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


if __name__ == "__main__":
    main()
