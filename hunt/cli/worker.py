"""``python -m hunt.cli.worker FD``: one worker process, started by the supervisor process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunt.processes.worker_main import Make

#: The command that starts a worker.  Without ``-P`` the working directory is first on
#: ``sys.path``, and a ``jwt.py`` there would run with the rights of the server.
COMMAND = (sys.executable, "-P", "-m", "hunt.cli.worker")


def main() -> None:
    """Run a worker that obeys the supervisor process."""
    from hunt.processes import worker_main

    worker_main.main(_load)


def _load() -> Make:
    """Import the application; not done at the import, because the supervisor imports this module.

    Raises:
        SettingsError: An installed package is not compatible.
    """
    from hunt import edge

    edge.install()
    from hunt.application import Application

    return lambda settings, slot: Application(lambda: settings, slot)


if __name__ == "__main__":
    main()
