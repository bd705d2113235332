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

from hunt.errors import (
    ConnectTimeout,
    StoreReadOnly,
    StoreTimeout,
    StoreUnavailable,
)
from hunt.logs import FaultLog
from hunt.store.driver import limits
from hunt.store.driver.connection import Connection
from hunt.store.driver.connector import Connector
from hunt.store.driver.servers import Server, Servers

IDLE = pq.TransactionStatus.IDLE
log = FaultLog("hunt.pool")


class Pool:
    """Lends connections, newest first, and makes them on demand.

    Needs no task of its own: whoever asks makes the connection that is missing,
    so there is nothing to supervise and nothing that could be left behind.

    Every call on a lent connection has a deadline, `limits.CALL`.  A server that lets
    one pass, and has not answered another call meanwhile, loses all its connections:
    those who use one get an error, and the next connection is tried elsewhere first.
    A backend that may still work for a connection which was closed keeps its place in
    the pool, so the server never runs more than `size` of them.
    """

    def __init__(
        self,
        conninfo: str | Servers,
        *,
        size: int,
        clock: Callable[[], float] = trio.current_time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._size = size
        self._places = trio.Semaphore(size)  # first come, first served
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._connecting = 0
        self._generation = 0  # of connections; those of an older one are not kept
        self._born: dict[Connection, int] = {}
        self._closed = False
        #: Calls that found all connections lent out, connects that took too long or failed,
        #: connects for which calls that were given up left no place, servers that lost all
        #: connections.
        self.faults = Counter(busy=0, slow=0, connect=0, unfinished=0, silent=0)
        self._connector = Connector(
            conninfo if isinstance(conninfo, Servers) else Servers(conninfo),
            most=size,
            faults=self.faults,
            clock=clock,
            jitter=jitter,
        )

    def on_recovery(self, recovered: Callable[[], None]) -> None:
        """Have `recovered` called whenever a server accepts again after one had not."""
        self._connector.recovered = recovered

    @asynccontextmanager
    async def connection(
        self, *, timeout: float = limits.CALL, insist: bool = False
    ) -> AsyncIterator[Connection]:
        """Lend a connection, idle and outside of a transaction, for the block.

        What comes back in a transaction is rolled back, and what cannot be is
        closed; neither keeps the caller's cancellation for more than seconds.

        Args:
            timeout: Seconds to wait for one, and to make one where none is idle.
            insist: Try to connect, however short a time ago that failed; for a
                caller with pauses of its own.

        Raises:
            StoreUnavailable: None is free within `timeout` seconds, or none can be made.
            ConnectTimeout: The server did not answer within `timeout` seconds.
            StoreTimeout: In the block: the server did not answer a call in time.
        """
        await trio.lowlevel.checkpoint_if_cancelled()  # from here on a connection may be ours
        began = trio.current_time()
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
                # Whoever waited long for a place gets more, or a server that is well
                # would be said to be silent.
                left = began + timeout - trio.current_time()
                conn = await self._connect(max(left, timeout / 2), insist)
            conn.patience = limits.CALL
            self._busy.add(conn)
            began = trio.current_time()
            try:
                yield conn
            except (StoreReadOnly, pg.ReadOnlySqlTransaction):
                self.drop_all()
                raise
            except StoreTimeout:
                self._given_up(conn.server, began)
                raise
            finally:
                self._busy.discard(conn)
                await self._give_back(conn)
        finally:
            self._places.release()

    @asynccontextmanager
    async def transaction(self, *, seconds: float = limits.LONG) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction, for work that may take longer than a call.

        Args:
            seconds: In which each statement must be answered.

        Raises:
            StoreError: As of `connection`.
        """
        async with self.connection() as conn, conn.transaction():
            await limits.extend(conn, seconds)
            conn.patience = seconds
            yield conn

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

    async def _connect(self, within: float, insist: bool) -> Connection:
        if self._closed:
            raise StoreUnavailable("the pool is closed")
        self._connecting += 1
        began = trio.current_time()
        try:
            conn = await self._connector.connect(within, open_now=len(self._born), insist=insist)
        except ConnectTimeout:
            for server in self._connector.servers.in_order():
                if server.timed_out_at >= began:
                    self._given_up(server, began)
            raise
        finally:
            self._connecting -= 1
        self._born[conn] = self._generation
        return conn

    def _given_up(self, server: Server | None, began: float) -> None:
        """Drop all connections to a server that has answered nobody since a call began."""
        if server is None or server.answers_since(began):
            return
        server.timed_out_at = trio.current_time()
        self.faults["silent"] += 1
        log.warning("server silent, connections dropped", server=server.name)
        for conn in [each for each in self._idle if each.server is server]:
            self._idle.remove(conn)
            self._discard(conn)
        for conn in self._busy:
            if conn.server is server:
                conn.close_now()

    async def _give_back(self, conn: Connection) -> None:
        if not conn.closed and conn.pgconn.transaction_status != IDLE:
            conn.patience = limits.CALL
            try:
                await conn.rollback()
            except (psycopg.Error, StoreTimeout):
                conn.close_now()
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
async def open_pool(conninfo: str | Servers, *, size: int) -> AsyncIterator[Pool]:
    """Yield a pool, and close it at the end; connects to nothing by itself."""
    pool = Pool(conninfo, size=size)
    try:
        yield pool
    finally:
        pool.close()
