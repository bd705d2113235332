"""``python -m hunt.cli.worker FD``: one server process, as `hunt serve` starts it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunt.processes.worker_main import Make

#: What the supervisor starts.  ``-P``: ``-m`` alone puts the working directory first on
#: ``sys.path``, and a ``jwt.py`` there would run with the server's rights.
COMMAND = (sys.executable, "-P", "-m", "hunt.cli.worker")


def main() -> None:
    """Serve as the supervisor process orders."""
    from hunt.processes import worker_main

    worker_main.main(_load)


def _load() -> Make:
    """Import the application, here because the supervisor process imports this module, too.

    Raises:
        SettingsError: An installed package is not compatible.
    """
    from hunt import edge

    edge.install()
    from hunt.application import Application

    return lambda settings, slot: Application(lambda: settings, slot)


if __name__ == "__main__":
    main()
