"""How hunt's own connection class gets under Hypercorn."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import hypercorn.protocol as hypercorn_protocol
import hypercorn.trio.run as hypercorn_run

from hunt.edge.connection import Connection
from hunt.edge.http1 import HTTP1
from hunt.edge.http2 import HTTP2
from hunt.edge.worker import Worker
from hunt.edge.yielding import Trio
from hunt.errors import SettingsError
from hunt.processes.child import exit_status, from_lifespan

#: We replace six names of private modules, so only releases that were read.
SUPPORTED = "0.18."


_worker_serve = hypercorn_run.worker_serve


async def _serve(*args: Any, **kwargs: Any) -> None:  # ruff: ignore[any-type] - as Hypercorn's own
    """Serve, and end with a status instead of a traceback where the application has failed.

    It has logged why.
    """
    try:
        await _worker_serve(*args, **kwargs)
    except BaseException as error:
        if from_lifespan(error):
            raise SystemExit(exit_status(error)) from None
        raise


def install() -> None:
    """Make Hypercorn's Trio worker use hunt's connections; a second call changes nothing.

    Hypercorn imports the application before it builds its server, so calling
    this at the import of `hunt.asgi` also covers the plain ``hypercorn`` command.

    Raises:
        SettingsError: The installed Hypercorn is not one that this was written for.
    """
    installed = version("hypercorn")
    if not installed.startswith(SUPPORTED):
        raise SettingsError(
            f"hunt needs Hypercorn {SUPPORTED}x, and {installed} is installed: "
            f"install 'hypercorn>=0.18,<0.19'"
        )
    setattr(hypercorn_run, "TCPServer", Connection)  # ruff: ignore[set-attr-with-constant] - not exported
    setattr(hypercorn_run, "WorkerContext", Worker)  # ruff: ignore[set-attr-with-constant]
    setattr(hypercorn_run, "trio", Trio("trio"))  # ruff: ignore[set-attr-with-constant]
    setattr(hypercorn_run, "worker_serve", _serve)  # ruff: ignore[set-attr-with-constant]
    setattr(hypercorn_protocol, "H11Protocol", HTTP1)  # ruff: ignore[set-attr-with-constant]
    setattr(hypercorn_protocol, "H2Protocol", HTTP2)  # ruff: ignore[set-attr-with-constant]
