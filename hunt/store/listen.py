"""Notices from PostgreSQL, on a connection of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Self

from psycopg import Notify, sql

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
                # A generator of psycopg holds the connection's lock until it is closed.
                async with aclosing(conn.notifies()) as notifies:
                    yield _Received(notifies)
            finally:
                conn.close_now()


class _Received:
    """An iterator, and no generator: there is nothing in it to be cleaned up."""

    def __init__(self, notifies: AsyncIterator[Notify]) -> None:
        self._notifies = notifies

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[str, str]:
        notify = await anext(self._notifies)
        return notify.channel, notify.payload
