"""``python -m hunt.cli.server_process FD``: one server process, as `hunt serve` starts it."""

from __future__ import annotations

import sys

#: What the supervisor starts.  ``-P``: ``-m`` alone puts the working directory first on
#: ``sys.path``, and a ``jwt.py`` there would run with the server's rights.
COMMAND = (sys.executable, "-P", "-m", "hunt.cli.server_process")


def main() -> None:
    """Serve, until the supervisor says that it is enough."""
    # The supervisor imports this module too, and shall not become as large as what it starts.
    from hunt.asgi import Application
    from hunt.processes import child

    child.main(lambda settings: Application(lambda: settings))


if __name__ == "__main__":
    main()
