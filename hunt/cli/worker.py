"""``python -m hunt.cli.worker FD``: the fork server of the worker processes, see `fork_main`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunt.processes.worker_main import Make

#: The command of the fork server.  Without ``-P`` the working directory is first on
#: ``sys.path``, and a ``jwt.py`` there would run with the rights of the server.
COMMAND = (sys.executable, "-P", "-m", "hunt.cli.worker")


def main() -> None:
    """Fork workers for the supervisor process."""
    from hunt.processes import fork_main

    fork_main.main(load)


def load() -> Make:
    """Import the application; return what makes it.

    Not done at the import of this module, which is needed for `COMMAND`, too.

    Raises:
        SettingsError: An installed package is not compatible.
    """
    from hunt import edge

    edge.install()
    from hunt.application import Application
    from hunt.web.site import site

    site()  # pages and files; made before the fork, the workers share them

    return lambda settings, slot: Application(lambda: settings, slot)


if __name__ == "__main__":
    main()
