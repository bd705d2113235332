"""The application for the ``hypercorn`` command: ``hypercorn -k trio hunt.asgi:app``.

Hypercorn imports this module before it makes its worker and its listeners.  hunt must
replace their classes before that, so importing this module replaces them.  No other
module does so at its import.
"""

from __future__ import annotations

import sys

import structlog
from hypercorn.typing import ASGIFramework

from hunt import edge
from hunt.errors import SettingsError
from hunt.logs import configure
from hunt.settings import Settings


def _load() -> ASGIFramework:
    """Return the application; without compatible packages, end the process with status 2."""
    try:
        edge.install()
        # Imported here, because modules of hunt import private names of those packages.
        from hunt.application import Application, settings_from_environ
    except SettingsError as error:
        configure(Settings())
        structlog.get_logger("hunt").critical("server failed", error=str(error))
        sys.exit(2)
    return Application(settings_from_environ)


app = _load()
