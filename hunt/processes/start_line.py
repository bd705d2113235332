"""The line in the log that says which server has started, and where."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version

import structlog

from hunt import conninfo
from hunt.settings import Settings

log = structlog.get_logger("hunt")


def log_start(settings: Settings, *, addresses: Sequence[str], processes: int) -> None:
    """Log that a server has started; nothing in the line is secret.

    Args:
        settings: Of the server; of the connection string only host, port and database show.
        addresses: Where it listens.
        processes: Worker processes that serve.
    """
    url = settings.database_url
    log.info(
        "server started",
        version=version("hunt-server"),
        addresses=list(addresses),
        database="embedded" if url is None else conninfo.location(url),
        processes=processes,
        process=os.getpid(),
    )
