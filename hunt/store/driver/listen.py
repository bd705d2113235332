"""LISTEN and NOTIFY: notices from PostgreSQL, on a connection of their own."""

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

#: Seconds without a notice after which the server must answer a query.
PING = 1.0


class Listener:
    """Listens for notices on `conninfo`; does not work with a pooler in transaction mode."""

    def __init__(self, conninfo: str | Servers) -> None:
        self._conninfo = conninfo

    @asynccontextmanager
    async def listening(
        self, channels: Sequence[str]
    ) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """Yield an iterator of (channel, payload), once LISTEN has succeeded.

        Earlier notices are not seen: read their rows from the tables.

        A silent server is queried every `PING` seconds, because a frozen or unreachable one
        does not close its connections.

        Raises:
            StoreError: The connection failed, or was lost.
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
    """An iterator of notices; not a generator, so that it needs no cleanup."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._come = deque[tuple[str, str]]()
        # Only handlers get the notices that arrive with the answer to a query.
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
    """Wait for notices and return them; psycopg's version keeps a backlog of its own."""
    yield Wait.R
    pgconn.consume_input()
    come = []
    while notify := pgconn.notifies():
        come.append((notify.relname.decode(), notify.extra.decode()))
    return come  # ruff: ignore[return-in-generator] - as every generator of psycopg
