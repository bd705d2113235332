"""Connections to a test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hunt.store.driver.connection import Connection


@asynccontextmanager
async def connected(conninfo: str) -> AsyncIterator[Connection]:
    """Yield a connection that commits each statement, and close it at the end."""
    conn = await Connection.connect(conninfo, autocommit=True)
    try:
        yield conn
    finally:
        conn.close_now()


async def value(conn: Connection, query: str) -> object:
    """Return the first column of the first row of a query."""
    row = await (await conn.execute(query.encode())).fetchone()
    assert row is not None
    return row[0]
