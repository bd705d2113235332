"""Notices from PostgreSQL, on a connection of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import trio
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

from hunt.store.driver import limits
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.servers import Servers

#: Seconds of silence after which the server is asked whether it is still there.
PING = 1.0


class Listener:
    """Listens where `conninfo` says; not through a pooler in transaction mode."""

    def __init__(self, conninfo: str | Servers) -> None:
        self._conninfo = conninfo

    @asynccontextmanager
    async def listening(
        self, channels: Sequence[str]
    ) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """Yield an iterator of (channel, payload), once the server listens for us.

        What was notified before is not seen: read it from the tables now.

        A server that says nothing is asked now and then whether it is there: one that
        is frozen, or cannot be reached any more, closes no connection.

        Raises:
            StoreError: There is no connection, or it was lost.
        """
        with translated():
            conn = await Connection.connect(self._conninfo, autocommit=True, within=limits.CALL)
            conn.patience = limits.CALL
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
        # What arrives with the answer to another statement is told to handlers only.
        conn.add_notify_handler(lambda notify: self._come.append((notify.channel, notify.payload)))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[str, str]:
        while not self._come:
            with trio.move_on_after(PING) as silence:
                notices = _notices(self._conn.pgconn)
                self._come.extend(await self._conn.wait(notices, timeout=float("inf")))
            if silence.cancelled_caught:
                await self._conn.execute("select", prepare=False)
        return self._come.popleft()


def _notices(pgconn: PGconn) -> PQGen[list[tuple[str, str]]]:
    """Wait for notices and return them; as psycopg's, but keeps no backlog of its own."""
    yield Wait.R
    pgconn.consume_input()
    come = []
    while notify := pgconn.notifies():
        come.append((notify.relname.decode(), notify.extra.decode()))
    return come  # ruff: ignore[return-in-generator] - as every generator of psycopg
