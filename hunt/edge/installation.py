"""The replacement of Hypercorn's worker, connection and protocol classes by hunt's own."""

from __future__ import annotations

from functools import wraps
from typing import Any

import hypercorn.protocol as hypercorn_protocol
import hypercorn.trio as hypercorn_trio
import hypercorn.trio.run as hypercorn_run
from hypercorn.config import Config
from hypercorn.typing import AppWrapper

from hunt.edge import worker
from hunt.edge.connection import Connection
from hunt.edge.http1 import HTTP1
from hunt.edge.http2 import HTTP2
from hunt.edge.listener import TrioWithListener
from hunt.processes.failures import exit_status, from_lifespan

_worker_serve = hypercorn_run.worker_serve


# With the signature of Hypercorn's own, which `hunt.edge.compatibility` compares.
@wraps(_worker_serve)
async def _serve(app: AppWrapper, config: Config, **options: Any) -> None:  # ruff: ignore[any-type] - Hypercorn's
    """Serve, after the configuration was stored for the worker's responses."""
    worker.set_config(config)
    await _worker_serve(app, config, **options)


@wraps(_worker_serve)
async def _serve_command(app: AppWrapper, config: Config, **options: Any) -> None:  # ruff: ignore[any-type]
    """Serve for the ``hypercorn`` command; exit with a status if the application has failed.

    The application has logged the reason, so no traceback is needed.
    """
    try:
        await _serve(app, config, **options)
    except BaseException as error:
        if from_lifespan(error):
            raise SystemExit(exit_status(error)) from None
        raise


def install() -> None:
    """Make Hypercorn's Trio worker use hunt's classes; a second call changes nothing."""
    for module, name, value in (
        (hypercorn_trio, "worker_serve", _serve),
        (hypercorn_run, "worker_serve", _serve_command),
        (hypercorn_run, "TCPServer", Connection),
        (hypercorn_run, "WorkerContext", worker.Worker),
        (hypercorn_run, "trio", TrioWithListener("trio")),
        (hypercorn_protocol, "H11Protocol", HTTP1),
        (hypercorn_protocol, "H2Protocol", HTTP2),
    ):
        setattr(module, name, value)
