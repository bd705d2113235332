"""At most so many connections to PostgreSQL, lent out one task at a time."""

from __future__ import annotations

import random
import select
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import trio
from psycopg import errors as pg
from psycopg import pq

from hunt.core.backoff import Backoff
from hunt.errors import ConnectTimeout, StoreError, StoreReadOnly, StoreUnavailable
from hunt.store.connection import Connection
from hunt.store.errors import translate

IDLE = pq.TransactionStatus.IDLE
UNKNOWN = pq.TransactionStatus.UNKNOWN


class Pool:
    """Lends connections, newest first, and makes them on demand.

    Needs no task of its own: whoever asks makes the connection that is missing,
    so there is nothing to supervise and nothing that could be left behind.
    After a failed attempt to connect the others fail at once for a while
    (capped, fully jittered), rather than all trying a server that is down.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        size: int,
        clock: Callable[[], float] = trio.current_time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._conninfo = conninfo
        self._size = size
        self._clock = clock
        self._places = trio.Semaphore(size)  # first come, first served
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._connecting = 0
        self._generation = 0  # of connections; those of an older one are not kept
        self._born: dict[Connection, int] = {}
        self._backoff = Backoff(base=0.1, cap=2.0, jitter=jitter)
        self._closed = False
        self._retry_at = float("-inf")
        self._why: StoreError | None = None
        #: Calls that found all connections lent out, connects that took too long or failed.
        self.faults = Counter(busy=0, slow=0, connect=0)

    @asynccontextmanager
    async def connection(
        self, *, timeout: float = 5.0, insist: bool = False
    ) -> AsyncIterator[Connection]:
        """Lend a connection, idle and outside of a transaction, for the block.

        What comes back in a transaction is rolled back, and what cannot be is
        closed; neither keeps the caller's cancellation for more than seconds.

        Args:
            timeout: Seconds to wait for one, and again to make one.
            insist: Try to connect, however short a time ago that failed; for a
                caller with pauses of its own.

        Raises:
            StoreUnavailable: None is free within `timeout` seconds, or none can be made.
            ConnectTimeout: The server did not answer within `timeout` seconds.
        """
        await trio.lowlevel.checkpoint_if_cancelled()  # from here on a connection may be ours
        try:
            self._places.acquire_nowait()
        except trio.WouldBlock:
            with trio.move_on_after(timeout) as scope:
                await self._places.acquire()
            if scope.cancelled_caught:
                self.faults["busy"] += 1
                raise StoreUnavailable(f"all {self._size} connections are busy") from None
        try:
            conn = self._take_idle()
            if conn is None:
                with trio.move_on_after(timeout) as scope:
                    conn = await self._connect(insist)
                if conn is None:
                    self.faults["slow"] += 1
                    raise ConnectTimeout(f"no connection within {timeout:g} s")
            self._busy.add(conn)
            try:
                yield conn
            except StoreReadOnly:
                self.drop_all()
                raise
            except pg.ReadOnlySqlTransaction:
                self.drop_all()
                raise
            finally:
                self._busy.discard(conn)
                await self._give_back(conn)
        finally:
            self._places.release()

    def ready(self) -> bool:
        """Return whether there is a connection to be lent at once."""
        return bool(self._idle)

    def _take_idle(self) -> Connection | None:
        while self._idle:
            conn = self._idle.pop()
            if _is_well(conn):
                return conn
            self._discard(conn)
        return None

    async def _connect(self, insist: bool) -> Connection:
        if self._closed:
            raise StoreUnavailable("the pool is closed")
        if self._clock() < self._retry_at and self._why is not None and not insist:
            raise StoreUnavailable(str(self._why))
        self._connecting += 1
        try:
            conn = await Connection.connect(self._conninfo, autocommit=True)
        except psycopg.Error as exc:
            self.faults["connect"] += 1
            self._retry_at = self._clock() + self._backoff.next()
            self._why = translate(exc)
            raise StoreUnavailable(str(self._why)) from exc
        finally:
            self._connecting -= 1
        self._backoff.reset()
        self._retry_at = float("-inf")
        self._born[conn] = self._generation
        return conn

    async def _give_back(self, conn: Connection) -> None:
        if not conn.closed and conn.pgconn.transaction_status != IDLE:
            try:
                await conn.rollback()
            except psycopg.Error:
                conn.pgconn.finish()
        old = self._born[conn] != self._generation
        if conn.closed or old or self._closed or conn.pgconn.transaction_status != IDLE:
            self._discard(conn)
        else:
            self._idle.append(conn)

    def _discard(self, conn: Connection) -> None:
        del self._born[conn]
        conn.close_now()

    def drop_all(self) -> None:
        """Keep no connection that exists now: the next ones resolve the hosts again."""
        self._generation += 1
        while self._idle:
            self._discard(self._idle.pop())

    def close(self) -> None:
        """Close what is idle, and what is lent out when it comes back."""
        self._closed = True
        self.drop_all()

    def states(self) -> dict[str, int]:
        """Return how many connections are in which state; at most `size` in all."""
        return {
            "idle": len(self._idle),
            "busy": len(self._busy),
            "connecting": self._connecting,
        }


def _is_well(conn: Connection) -> bool:
    """Return whether an idle connection is still one, without asking the server.

    A server that goes away says so, or closes the socket; either way there is
    something to read where nothing should be.  What else a server may say unasked
    (a setting that was reloaded) is rare enough to pay with a new connection.
    """
    if conn.closed:
        return False
    poll = select.poll()
    poll.register(conn.pgconn.socket, select.POLLIN)
    return not poll.poll(0)


@asynccontextmanager
async def open_pool(conninfo: str, *, size: int) -> AsyncIterator[Pool]:
    """Yield a pool, and close it at the end; connects to nothing by itself."""
    pool = Pool(conninfo, size=size)
    try:
        yield pool
    finally:
        pool.close()
