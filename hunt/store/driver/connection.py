"""A PostgreSQL connection for Trio: psycopg's, with its waiting replaced.

psycopg's asynchronous classes are written for asyncio, but its protocol is a set of
generators.  Each yields the readiness of the socket that it waits for, and here Trio drives
it.  Replaced methods follow psycopg 3.3.9; all others go through `lock` and `wait`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple

import psycopg
import trio
from psycopg import errors as pg
from psycopg import pq
from psycopg.abc import ConnParam, PQGen
from psycopg.abc import Transformer as Loaders
from psycopg.rows import tuple_row

from hunt.errors import StoreLost, StoreTimeout
from hunt.store.driver.abandoned import Abandoned, finish
from hunt.store.driver.servers import Server, Servers
from hunt.store.driver.waiting import drive, drive_connect

RV = TypeVar("RV")
Ts = TypeVarTuple("Ts")

ACTIVE = pq.TransactionStatus.ACTIVE

#: A `timeout` of `Connection.wait` that never expires.
INFINITE = float("inf")

#: Longest time, in seconds, for work that cancellation must not skip: a request to cancel the
#: query, or the end of a transaction.  After that time the connection is closed.
CLEANUP = 5.0


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that waits with Trio; one task at a time uses it, others queue.

    Cancelling a task that waits for an answer also cancels the query in the server.  If the
    server does not comply within `CLEANUP`, the connection is closed.
    """

    def __init__(self, pgconn: pq.abc.PGconn, row_factory: Any = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self.lock = trio.Lock()  # type: ignore[assignment]
        # Without this, psycopg prepares statements, and after a rollback it deallocates all of
        # them, including each `Statement`.
        self.prepare_threshold = None
        self._committing = False
        #: Each prepared `Statement` by its name, with the loaders of its columns once it has run.
        self.statements: dict[bytes, Loaders | None] = {}
        self.server: Server | None = None  #: the server, once connected
        self._abandoned: Abandoned | None = None  # counts the backend if it outlives this object
        self.patience = float("inf")  #: longest time for an answer, in seconds
        self.in_doubt = False  #: the server gave up waiting for its standby (SQLSTATE 01000)
        self.add_notice_handler(self._noticed)

    @classmethod
    async def connect(  # type: ignore[override]
        cls,
        conninfo: str | Servers = "",
        *,
        autocommit: bool = False,
        within: float | None = None,
        room: int | None = None,
        **kwargs: ConnParam,
    ) -> Self:
        """Connect to the first server of `conninfo` that accepts.

        Args:
            conninfo: Connection string of libpq, or servers shared with other connections.
            autocommit: Whether each statement is a transaction of its own.
            within: Seconds for all servers together; None: see `Servers.connect`.
            room: See `Servers.connect`.
            kwargs: Parameters that override those of `conninfo`.

        Raises:
            psycopg.OperationalError: No server accepts, or none in time.
        """
        servers = conninfo if isinstance(conninfo, Servers) else Servers(conninfo, **kwargs)
        conn, server = await servers.connect(
            lambda single: drive_connect(cls._connect_gen(single)), within, room
        )
        conn._autocommit = autocommit
        conn.server = server
        conn._abandoned = None if room is None else server.abandoned
        return conn

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Commit or roll back, then close, even if the commit is cancelled."""
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        finally:
            self.close_now()

    async def wait(self, gen: PQGen[RV], interval: float = 0, timeout: float | None = None) -> RV:
        """Drive `gen` to its end; the class describes cancellation.

        Raises:
            StoreTimeout: No answer within `patience` seconds; the connection is closed.  Within
                `commit_within`, its deadline applies instead.
            psycopg.errors._WaitTimeout: Nothing within `timeout` seconds, if given.
        """
        try:
            if self._committing or timeout == INFINITE:  # a scope costs as much as the wait
                return await self._drive(gen)
            with trio.move_on_after(self.patience if timeout is None else timeout):
                return await self._drive(gen)
            if timeout is not None:
                raise pg._WaitTimeout("wait timeout expired")
            # No request to cancel is sent, because a frozen server would not take it.
            self.close_now()
            raise StoreTimeout(f"no answer within {self.patience:g} s")
        except trio.Cancelled:
            if self._committing:
                self.close_now()
            elif self.pgconn.transaction_status == ACTIVE:
                with trio.CancelScope(shield=True):
                    await self._stop_query(gen)
            raise
        except trio.ClosedResourceError as exc:
            raise psycopg.OperationalError("the connection was closed") from exc
        except OSError as exc:
            raise psycopg.OperationalError(f"the connection is lost: {exc}") from exc

    async def _drive(self, gen: PQGen[RV]) -> RV:
        result = await drive(gen, self.pgconn.socket)
        if self.server is not None:
            self.server.heard_at = trio.current_time()
        return result

    async def commit_within(
        self, seconds: float, function: Callable[[*Ts], Awaitable[RV]], *args: *Ts
    ) -> RV:
        """Run ``function(*args)``, which commits, shielded from cancellation.

        After `seconds` the connection is closed.  No request to cancel is sent.  One that
        arrives during COMMIT makes the server report success without its standby, and a
        frozen server takes none.

        Raises:
            StoreTimeout: No answer in time, so the outcome is unknown.
            StoreLost: The server did not wait for its standby.
        """
        self._committing, self.in_doubt = True, False
        try:
            with trio.move_on_after(seconds, shield=True):
                result = await function(*args)
                if self.in_doubt:
                    raise StoreLost("the server did not wait for its standby")
                return result
        finally:
            self._committing = False
        raise StoreTimeout(f"no answer within {seconds:g} s")

    def _noticed(self, diag: pg.Diagnostic) -> None:
        if diag.sqlstate == "01000" and diag.severity_nonlocalized == "WARNING":
            self.in_doubt = True

    def close_now(self) -> None:
        """Close without a checkpoint; idempotent.

        A task that waits on the connection gets an error.
        """
        self._closed = True
        if self.pgconn.status == pq.ConnStatus.OK:
            trio.lowlevel.notify_closing(self.pgconn.socket)
        finish(self.pgconn, self._abandoned)

    async def _stop_query(self, gen: PQGen[Any]) -> None:
        """Cancel the query in the server and read its result, or close the connection."""
        with trio.move_on_after(CLEANUP) as scope:
            try:
                await drive_connect(self._cancel_gen())
                await drive(gen, self.pgconn.socket)
            except pg.QueryCanceled:
                return
            except (psycopg.Error, OSError, trio.ClosedResourceError):
                self.close_now()
                return
        if scope.cancelled_caught:
            self.close_now()

    async def cancel_safe(self, *, timeout: float = CLEANUP) -> None:
        """Ask the server to cancel the query of this connection.

        Raises:
            psycopg.errors.CancellationTimeout: The server did not take the request in time.
        """
        if not self._should_cancel():
            return
        with trio.move_on_after(timeout):
            await drive_connect(self._cancel_gen())
            return
        raise pg.CancellationTimeout("cancellation timeout expired")

    async def rollback(self) -> None:
        """Roll back; shielded and bounded, because cancelled tasks call it."""
        async with self.bounded():
            await super().rollback()

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """Shield the block for `CLEANUP` seconds; then close the connection."""
        with trio.move_on_after(CLEANUP, shield=True) as scope:
            yield
        if scope.cancelled_caught:
            self.close_now()
            raise psycopg.OperationalError("the server did not answer in time")

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncIterator[psycopg.AsyncTransaction]:
        """Run the block in a transaction; its end is shielded and bounded.

        Cancellation in Trio is level-triggered, so an unshielded exit would leave
        the connection in the transaction for ever.
        """
        transaction = psycopg.AsyncTransaction(self, savepoint_name, force_rollback)
        await transaction.__aenter__()
        try:
            yield transaction
        except BaseException as exc:
            async with self.bounded():
                if await transaction.__aexit__(type(exc), exc, exc.__traceback__):
                    return
            raise
        async with self.bounded():
            await transaction.__aexit__(None, None, None)
