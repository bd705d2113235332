"""The log event of a started server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version

import structlog

from hunt import conninfo
from hunt.settings import Settings

log = structlog.get_logger("hunt")


def log_start(settings: Settings, *, addresses: Sequence[str], processes: int) -> None:
    """Log that a server has started; the event contains no secret.

    Args:
        settings: The settings; host, port and database of the connection string are logged.
        addresses: The addresses at which the server listens.
        processes: The number of worker processes.
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
