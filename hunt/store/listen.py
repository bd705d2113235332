"""Notices from PostgreSQL, on a connection of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from psycopg import sql
from psycopg.abc import PQGen
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

from hunt.store.connection import Connection
from hunt.store.errors import translated


class Listener:
    """Listens where `conninfo` says; not through a pooler in transaction mode."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    @asynccontextmanager
    async def listening(
        self, channels: Sequence[str]
    ) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """Yield an iterator of (channel, payload), once the server listens for us.

        What was notified before is not seen: read it from the tables now.

        Raises:
            StoreError: There is no connection, or it was lost.
        """
        with translated():
            conn = await Connection.connect(self._conninfo, autocommit=True)
            try:
                for channel in channels:
                    await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                yield _Received(conn)
            finally:
                conn.close_now()


class _Received:
    """An iterator, and no generator: there is nothing in it to be cleaned up."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._come = deque[tuple[str, str]]()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[str, str]:
        while not self._come:
            self._come.extend(await self._conn.wait(_notices(self._conn.pgconn)))
        return self._come.popleft()


def _notices(pgconn: PGconn) -> PQGen[list[tuple[str, str]]]:
    """Wait for notices and return them; as psycopg's, but keeps no backlog of its own."""
    yield Wait.R
    pgconn.consume_input()
    come = []
    while notify := pgconn.notifies():
        come.append((notify.relname.decode(), notify.extra.decode()))
    return come  # ruff: ignore[return-in-generator] - as every generator of psycopg
