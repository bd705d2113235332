"""The log of rewards: commits of clicks, and reads of what was committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
import trio
from psycopg import errors as pg

from hunt.core import notice
from hunt.core.definition import is_test
from hunt.core.events import Click, Outcome, Reward
from hunt.core.key_ring import KeyRing
from hunt.errors import (
    HuntNotFound,
    LogWentBack,
    StoreError,
    StoreSlow,
)
from hunt.store import outcomes
from hunt.store.batch_arrays import pack
from hunt.store.driver import limits
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.driver.statement import Statement

COMMIT = Statement(
    "hunt_commit",
    """
    select ord, verdict, seq, prize, points, at, retry, denied, sold, sold_out, head, upto, codes
      from hunt_commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    """,
)

#: The probe of the breaker: a commit of one click that is rolled back.
TRY = Statement("hunt_try_commit", "select hunt_try_commit($1)")

#: Columns of the SQL function `hunt_rewards`, as `reward_of` takes them.
REWARD_COLUMNS = "seq, click_id, player, prize, points, at, x, y, sold_out, null, state, code"

READ = f"""
    select {REWARD_COLUMNS}
      from hunt_rewards(%s, %s, %s::bigint, %s::bigint, %s::int)
"""

REJECT = """
    insert into rejected (hunt, click_id, player, x, y, reason)
    select number, %s, %s, %s, %s, %s from hunts where id = %s
"""

MAX_SEQ = 2**63 - 1  # of a bigint

NO_SUCH_HUNT, WENT_BACK = "H0404", "H0412"  # SQLSTATEs that hunt_commit raises
QUEUE_FULL = "54000"  # SQLSTATE of a commit while the notification queue is full

#: Makes PostgreSQL free the notices that all listeners have read.  Otherwise it does so only
#: when it queues a notice, so a full queue would stay full (`commands/async.c`).
FREE_QUEUE = "select pg_notification_queue_usage()"


class Log:
    """The log in the database.

    Args:
        pool: Opened and closed by the caller.
        by: Name of this process in its notices; None: commits send no notices, because
            another bus carries them.
        ring: Keys of encrypted codes.
    """

    def __init__(self, pool: Pool, *, by: str | None = "", ring: KeyRing | None = None) -> None:
        self._pool = pool
        self._by = by
        self._ring = ring or KeyRing(())

    async def append(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None] = lambda: None,
        *,
        deadline: float = 2.0,
        known: int = 0,
    ) -> list[Outcome]:
        """Commit a batch of clicks; return one outcome for each, in the same order.

        Idempotent: clicks that are in the log keep their ``seq`` and prize.  Shielded from
        cancellation for at most twice `deadline`.

        Args:
            hunt: Id of the hunt.
            clicks: The batch, at least one click; a click may occur more than once.
            sent: Called when this call begins to wait; must not block or raise.
            deadline: Seconds to get a connection, and the same number of seconds to commit.
            known: A seq of this log that was committed once; 0 if none is known.

        Raises:
            HuntNotFound: There is no such hunt.
            StoreUnavailable: Nothing was recorded.
            StoreConflict: Nothing was recorded: repeat.
            LogWentBack: Nothing was recorded: the log ends before `known`.
            StoreSlow: Nothing was recorded: the server took too long, and gave up.
            HuntFailed: Nothing was recorded: for instance, the hunt's row stayed locked.
            BatchTimeout: Nothing was recorded: the statement was cancelled in the server.
            BatchRejected: Nothing was recorded: some click cannot be stored.
            StoreTimeout: The outcome is unknown: repeat.
            StoreLost: The outcome is unknown: repeat.
        """
        events = None if self._by is None else notice.events(clicks)
        columns, leaves = pack(clicks)
        values = (
            hunt.encode(),
            *columns,
            None if self._by is None else self._by.encode(),
            None if events is None else events.encode(),
            known.to_bytes(8, "big"),
            leaves,
        )
        with translated():
            if not self._pool.ready():
                sent()
            async with self._pool.connection(timeout=deadline) as conn:
                began = trio.current_time()
                try:
                    rows = await conn.commit_within(deadline, COMMIT.run, conn, values, sent)
                except pg.QueryCanceled as exc:
                    if trio.current_time() - began < 0.9 * limits.STATEMENT:
                        raise  # cancelled by a limit of the operator, or by hand
                    raise StoreSlow("the server gave up a commit", sqlstate=exc.sqlstate) from exc
                except psycopg.Error as exc:
                    await _free_queue(conn, exc, deadline)
                    if exc.sqlstate == NO_SUCH_HUNT:
                        raise HuntNotFound(f"there is no hunt {hunt!r}") from None
                    if exc.sqlstate == WENT_BACK:
                        raise LogWentBack(str(exc), sqlstate=exc.sqlstate) from exc
                    raise
        found = outcomes.read(self._ring, hunt, clicks, rows)
        return outcomes.marked(found) if is_test(hunt) else found

    async def reject(self, hunt: str, click: Click, reason: str) -> None:
        """Record a click that cannot be stored, with the reason.

        Raises:
            StoreError: The click was not recorded, or the outcome is unknown.
        """
        with translated():
            async with self._pool.connection() as conn:
                await conn.execute(
                    REJECT, (click.id, click.player, click.x, click.y, reason[:500], hunt)
                )

    async def read(self, hunt: str, after: int, upto: int, *, limit: int = 1000) -> list[Reward]:
        """Return the rewards with `after` < seq <= `upto`, in order, at most `limit`."""
        return await self._read(hunt, None, after, upto, limit)

    async def history(self, hunt: str, player: str, after: int, limit: int) -> list[Reward]:
        """Return a player's rewards with seq > `after`, in order, at most `limit`."""
        return await self._read(hunt, player, after, MAX_SEQ, limit)

    async def _read(
        self, hunt: str, player: str | None, after: int, upto: int, limit: int
    ) -> list[Reward]:
        with translated():
            async with self._pool.connection() as conn:
                cursor = await conn.execute(READ, (hunt, player, after, upto, limit))
                rows = await cursor.fetchall()
        return [reward_of(self._ring, hunt, row) for row in rows]

    async def last(self) -> dict[str, int]:
        """Return the last seq of every hunt; the caller has its own pauses between calls."""
        with translated():
            async with self._pool.connection(insist=True) as conn:
                cursor = await conn.execute("select id, last_seq from hunts")
                return dict(await cursor.fetchall())

    async def probe(self, hunt: str | None) -> float:
        """Commit a click that leaves no row behind, as a probe; see `TRY`.

        Args:
            hunt: Id of the hunt to probe.  If it is None, or the hunt is not open, any open hunt
                is probed.

        Returns:
            Seconds that the commit took, without the time to prepare the statement.

        Raises:
            StoreError: The database cannot commit a batch now.
        """
        values = (None if hunt is None else hunt.encode(),)
        with translated():
            # Connect even during a backoff, because the breaker has its own pause.
            connection = self._pool.connection(timeout=limits.CALL / 2, insist=True)
            async with connection as conn:
                try:
                    return await conn.commit_within(limits.CALL, _probe, conn, values)
                except psycopg.Error as exc:
                    await _free_queue(conn, exc, limits.CALL)
                    raise


def reward_of(ring: KeyRing, hunt: str, row: Sequence[Any]) -> Reward:
    """Return the reward in a row of `REWARD_COLUMNS`, with its code.

    Raises:
        HuntFailed: The code cannot be opened.
    """
    return outcomes.with_code(ring, hunt, outcomes.of_hunt(hunt, Reward(*row[:-1])), row[-1])


async def _probe(conn: Connection, values: Sequence[bytes | None]) -> float:
    """Run `TRY`; return the seconds that it took once prepared."""
    if not TRY.is_prepared(conn):
        await TRY.run(conn, values)
    began = trio.current_time()
    await TRY.run(conn, values)
    return trio.current_time() - began


async def _free_queue(conn: Connection, error: psycopg.Error, seconds: float) -> None:
    """Free the queue of notices if `error` says that it is full."""
    if error.sqlstate == QUEUE_FULL:
        with trio.move_on_after(seconds, shield=True), suppress(psycopg.Error, StoreError):
            await conn.execute(FREE_QUEUE)
