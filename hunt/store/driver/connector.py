"""New connections for a pool, with session limits, and with backoff after failures."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import psycopg
import trio
from psycopg import errors as pg

from hunt.core.backoff import Backoff
from hunt.errors import ConnectTimeout, StoreError, StoreTimeout, StoreUnavailable
from hunt.plurals import plural
from hunt.store.driver import limits
from hunt.store.driver.abandoned import Unfinished
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translate
from hunt.store.driver.servers import Servers

UNFINISHED = "select pid from pg_stat_activity where pid = any(%s) and state = 'active'"


class Connector:
    """Connects to the first server that accepts.

    After a failure, further attempts fail at once during a pause (exponential backoff with full
    jitter), so that callers do not wait for a server that is down.

    Args:
        servers: The servers to try, in order.
        most: Largest number of backends, >= 1, that work for these connections at a time.
        clock: Returns monotonic time in seconds, for the backoff.
        jitter: Returns a random number in [0, 1), to spread the backoff.
        faults: Counters of attempts that took too long (``slow``), failed (``connect``), or
            found the server busy with abandoned backends (``unfinished``).
    """

    def __init__(
        self,
        servers: Servers,
        *,
        most: int,
        faults: Counter[str],
        clock: Callable[[], float] = trio.current_time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.servers = servers
        self.recovered: Callable[[], None] = lambda: None  #: called after the first success
        self._most = most
        self._faults = faults
        self._clock = clock
        self._backoff = Backoff(base=0.1, cap=2.0, jitter=jitter)
        self._retry_at = float("-inf")
        self._why: StoreError | None = None  # the last attempt failed

    async def connect(self, within: float, *, open_now: int, insist: bool) -> Connection:
        """Return a new connection.

        Args:
            within: Longest time, in seconds.
            open_now: Number of open connections.
            insist: Whether to try in spite of the backoff.

        Raises:
            StoreUnavailable: No server accepts, or none did a short time ago.
            ConnectTimeout: A server did not answer in time.
        """
        if self._clock() < self._retry_at and self._why is not None and not insist:
            raise StoreUnavailable(str(self._why))
        try:
            conn = await self._connect(within, open_now)
        except (psycopg.Error, StoreError) as exc:
            error = self._meaning(exc)
            self._retry_at, self._why = self._clock() + self._backoff.next(), error
            raise error from exc
        self._backoff.reset()
        self._retry_at = float("-inf")
        if self._why is not None:
            self._why = None
            self.recovered()
        return conn

    def _meaning(self, exc: psycopg.Error | StoreError) -> StoreUnavailable:
        """Return hunt's error for a failure to connect: nothing was sent, so nothing is lost."""
        if isinstance(exc, StoreTimeout | pg.ConnectionTimeout):
            self._faults["slow"] += 1
            return ConnectTimeout(str(exc))
        if isinstance(exc, Unfinished):
            self._faults["unfinished"] += 1
            return StoreUnavailable(str(exc))
        if isinstance(exc, StoreUnavailable):
            return exc
        self._faults["connect"] += 1
        known = translate(exc) if isinstance(exc, psycopg.Error) else exc
        return known if isinstance(known, StoreUnavailable) else StoreUnavailable(str(known))

    async def _connect(self, within: float, open_now: int) -> Connection:
        until = trio.current_time() + within
        # Connecting to query whether there is room would itself exceed the limit.
        conn = await Connection.connect(
            self.servers, autocommit=True, within=within, room=self._most - open_now
        )
        try:
            # A slow connect leaves little time; the session limits get some more.
            conn.patience = max(until - trio.current_time(), within / 4)
            await limits.limit(conn)
            await self._check_room(conn, open_now)
        except BaseException:
            conn.close_now()
            raise
        return conn

    async def _check_room(self, conn: Connection, open_now: int) -> None:
        """Check that the server may run one more backend besides the abandoned ones.

        Behind a proxy or a pooler, only this check knows of them.

        Raises:
            Unfinished: It still runs too many abandoned backends.
        """
        assert conn.server is not None
        abandoned = conn.server.abandoned
        if not abandoned.pids:
            return
        pids = list(abandoned.pids)
        rows = await (await conn.execute(UNFINISHED, (pids,), prepare=False)).fetchall()
        abandoned.confirm([pid for (pid,) in rows])
        if len(abandoned.pids) + open_now >= self._most:
            calls = plural(len(abandoned.pids), "call")
            raise Unfinished(f"the server still runs {calls} that timed out")
