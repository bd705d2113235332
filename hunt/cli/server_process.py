"""``python -m hunt.cli.server_process FD``: one server process, as `hunt serve` starts it."""

from __future__ import annotations

import sys

from hunt.asgi import Application
from hunt.edge import child

#: What the supervisor starts.
COMMAND = (sys.executable, "-m", "hunt.cli.server_process")

if __name__ == "__main__":
    child.main(lambda settings: Application(lambda: settings))
