"""The ``hunt`` command, and ``python -m hunt``."""

from __future__ import annotations

import sys
from functools import partial

from hunt.cli import failures, hunt


def main() -> None:
    """Run the command line; does not return."""
    sys.exit(failures.guard(partial(hunt, prog_name="hunt", standalone_mode=False)))


if __name__ == "__main__":
    main()
