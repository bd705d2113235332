"""A server of two workers that reaches its database through proxies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from tests.faults import nodes
from tests.faults.nodes import Node
from tests.life.supervised import settings
from tests.support.proxy import to_database


@asynccontextmanager
async def node(database: str, folder: Path, **environ: str) -> AsyncIterator[Node]:
    """Run a server of two workers, with proxies in front of its database."""

    def dsn(port: int) -> str:
        return make_conninfo(database, host="127.0.0.1", port=port)

    await settings(database, folder)  # creates the hunt
    # A busy machine must not open the breaker.
    given = {"HUNT_BREAKER_SLOW": "5"} | environ
    async with nodes.node(folder, to_database(database), environ=given, dsn=dsn) as made:
        yield made
