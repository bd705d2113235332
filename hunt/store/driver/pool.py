"""A connection pool for Trio."""

from __future__ import annotations

import random
import select
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType

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
    """A pool that lends connections, last used first, and makes them on demand.

    It has no task of its own: if no connection is idle, the caller makes one.

    Every call on a lent connection has a deadline, `limits.CALL`.  If a server misses it, and
    has not answered another call meanwhile, all connections to it are closed: their users get
    an error, and the next connection tries other servers first.  A backend that may still
    work for a closed connection counts as a connection, so the server never runs more than
    `size` backends for the pool.
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
        self._slots = trio.Semaphore(size)  # first come, first served
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._connecting = 0
        self._generation = 0  # connections of an older generation are not kept
        self._born: dict[Connection, int] = {}
        self._closed = False
        #: Counters: calls that found no free connection; connects that took too long, failed,
        #: or found too many abandoned backends; servers whose connections were all closed.
        self.faults = Counter(busy=0, slow=0, connect=0, unfinished=0, silent=0)
        self._connector = Connector(
            conninfo if isinstance(conninfo, Servers) else Servers(conninfo),
            most=size,
            faults=self.faults,
            clock=clock,
            jitter=jitter,
        )

    def on_recovery(self, recovered: Callable[[], None]) -> None:
        """Set a callback for the first success after failures to connect."""
        self._connector.recovered = recovered

    def connection(self, *, timeout: float = limits.CALL, insist: bool = False) -> Loan:
        """Lend a connection, idle and outside of a transaction, for the block.

        A connection that is returned within a transaction is rolled back, or closed if that
        fails.  Both are bounded, and delay a cancellation by at most seconds.

        Args:
            timeout: Longest time, in seconds, to wait for a connection or to make one.
            insist: Whether to connect in spite of the backoff; for a caller with its own
                pauses.

        Raises:
            StoreUnavailable: No connection is free in time, or none can be made.
            ConnectTimeout: The server did not answer within `timeout` seconds.
            StoreTimeout: In the block: the server did not answer a call in time.
        """
        return Loan(self, timeout, insist)

    async def lend(self, timeout: float, insist: bool) -> Connection:
        """Return a connection, which `take_back` must get; see `connection`."""
        await trio.lowlevel.checkpoint_if_cancelled()  # no checkpoint from here to the try block
        began = trio.current_time()
        try:
            self._slots.acquire_nowait()
        except trio.WouldBlock:
            with trio.move_on_after(timeout) as scope:
                await self._slots.acquire()
            if scope.cancelled_caught:
                self.faults["busy"] += 1
                raise StoreUnavailable(f"all {self._size} connections are busy") from None
        try:
            conn = self._take_idle()
            if conn is None:
                # After a long wait for a slot, half of the timeout remains for the connection.
                # With less time a healthy server would count as silent.
                left = began + timeout - trio.current_time()
                conn = await self._connect(max(left, timeout / 2), insist)
        except BaseException:
            self._slots.release()
            raise
        conn.patience = limits.CALL
        self._busy.add(conn)
        return conn

    async def take_back(self, conn: Connection, since: float, error: BaseException | None) -> None:
        """Take back a connection.

        Args:
            conn: The connection.
            since: Time at which it was lent.
            error: The error of its user, if any.
        """
        try:
            if isinstance(error, StoreReadOnly | pg.ReadOnlySqlTransaction):
                self.drop_all()
            elif isinstance(error, StoreTimeout):
                self._close_silent(conn.server, since)
            self._busy.discard(conn)
            await self._give_back(conn)
            if conn.server is not None and conn.server.abandoned:
                conn.server.abandoned.working()  # closes the sockets of those that have ended
        finally:
            self._slots.release()

    @asynccontextmanager
    async def transaction(self, *, seconds: float = limits.LONG) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction, for work that may take longer than `limits.CALL`.

        Args:
            seconds: Deadline of each statement.

        Raises:
            StoreError: See `connection`.
        """
        async with self.connection() as conn, conn.transaction():
            await limits.extend(conn, seconds)
            conn.patience = seconds
            yield conn

    def ready(self) -> bool:
        """Return whether an idle connection can be lent at once."""
        return bool(self._idle)

    def _take_idle(self) -> Connection | None:
        while self._idle:
            conn = self._idle.pop()
            if _is_usable(conn):
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
                    self._close_silent(server, began)
            raise
        finally:
            self._connecting -= 1
        self._born[conn] = self._generation
        return conn

    def _close_silent(self, server: Server | None, began: float) -> None:
        """Close all connections to a server that has answered no call since `began`."""
        if server is None or server.answers_since(began):
            return
        server.timed_out_at = trio.current_time()
        self.faults["silent"] += 1
        log.warning("server silent, connections closed", server=server.name)
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
        """Close idle connections now, and lent ones when they are returned.

        New connections resolve the host names again.
        """
        self._generation += 1
        while self._idle:
            self._discard(self._idle.pop())

    def close(self) -> None:
        """Close the pool: idle connections now, lent ones when they are returned."""
        self._closed = True
        self.drop_all()

    def states(self) -> dict[str, int]:
        """Return the number of connections by state; at most `size` in all."""
        return {
            "idle": len(self._idle),
            "busy": len(self._busy),
            "connecting": self._connecting,
        }


class Loan:
    """A lent connection; a class, because a generator would cost several times as much."""

    __slots__ = ("_conn", "_insist", "_pool", "_since", "_timeout")

    def __init__(self, pool: Pool, timeout: float, insist: bool) -> None:
        self._pool = pool
        self._timeout = timeout
        self._insist = insist

    async def __aenter__(self) -> Connection:
        self._conn = await self._pool.lend(self._timeout, self._insist)
        self._since = trio.current_time()
        return self._conn

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._pool.take_back(self._conn, self._since, exc_val)


def _is_usable(conn: Connection) -> bool:
    """Return whether an idle connection is usable, without a query.

    A server that shuts down sends a message or closes the socket; either makes the socket
    readable.  Other unsolicited messages, such as a reloaded setting, are so rare that a new
    connection for each is acceptable.
    """
    if conn.closed:
        return False
    poll = select.poll()
    poll.register(conn.pgconn.socket, select.POLLIN)
    return not poll.poll(0)


@asynccontextmanager
async def open_pool(conninfo: str | Servers, *, size: int) -> AsyncIterator[Pool]:
    """Yield a pool, which connects when it is first used; close it at the end."""
    pool = Pool(conninfo, size=size)
    try:
        yield pool
    finally:
        pool.close()
