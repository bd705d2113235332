"""Leaderboards, kept in memory, and added up beside the requests that ask for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import trio

from hunt.core.leaderboard import LeaderboardEntry, LeaderboardSnapshot
from hunt.errors import StoreError, StoreUnavailable
from hunt.logs import FaultLog

#: Players on a board.
SIZE = 100

#: Seconds for which a board is as good as new.
FRESH = 2.0

#: Seconds after which a board is so old that whoever asks waits for the next one.
STALE = 10.0

#: Seconds that somebody waits for a board, at most.
PATIENCE = 2.0

log = FaultLog("hunt")


class Leaderboard:
    """The boards of all hunts.

    Nobody's request adds anything up: a board that is not fresh any more is
    renewed in a task, one at a time for a hunt, and only while somebody asks; one
    that could not be renewed is tried again after `FRESH` seconds.
    So a thousand who look cost the database what one does.

    Args:
        add_up: Adds up a step of a hunt's log; returns the seq up to which it is done,
            and how many rows were left.
        leaders: Returns so many of the best of a hunt.
    """

    def __init__(
        self,
        add_up: Callable[[str], Awaitable[tuple[int, int]]],
        leaders: Callable[[str, int], Awaitable[list[LeaderboardEntry]]],
    ) -> None:
        self._add_up = add_up
        self._leaders = leaders
        self._boards: dict[str, tuple[float, LeaderboardSnapshot]] = {}  # by hunt: since when
        self._renewing: dict[str, trio.Event] = {}
        self._failed: dict[str, float] = {}  # when the last renewal failed, by hunt
        self._nursery: trio.Nursery | None = None
        self.faults = Counter(renew=0)  #: renewals that failed

    async def get(self, hunt: str) -> LeaderboardSnapshot:
        """Return a hunt's board, which may be some seconds old.

        Args:
            hunt: One that exists.

        Raises:
            StoreUnavailable: There is none yet, and none can be had now.
        """
        since, board = self._boards.get(hunt, (float("-inf"), None))
        age = trio.current_time() - since
        failed = trio.current_time() - self._failed.get(hunt, float("-inf"))
        if age >= FRESH and failed >= FRESH:
            renewed = self._renew(hunt)
            if age >= STALE:
                with trio.move_on_after(PATIENCE):
                    await renewed.wait()
                _, board = self._boards.get(hunt, (since, board))
        if board is None:
            raise StoreUnavailable("there is no leaderboard yet")
        return board

    def _renew(self, hunt: str) -> trio.Event:
        """Have a board renewed; return what tells that it is, or that it cannot be."""
        if hunt not in self._renewing:
            if self._nursery is None:
                raise StoreUnavailable("this server is stopping")
            self._renewing[hunt] = trio.Event()
            self._nursery.start_soon(self._renewal, hunt)
        return self._renewing[hunt]

    async def _renewal(self, hunt: str) -> None:
        try:
            rest = 1
            while rest:  # in steps, each of which shows: a long log takes a while at first
                upto, rest = await self._add_up(hunt)
                board = LeaderboardSnapshot(upto, tuple(await self._leaders(hunt, SIZE)))
                self._boards[hunt] = (trio.current_time(), board)
        except StoreError as exc:
            self._failed[hunt] = trio.current_time()
            self.faults["renew"] += 1
            log.warning("leaderboard not renewed", hunt=hunt, sqlstate=exc.sqlstate, error=str(exc))
        else:
            self._failed.pop(hunt, None)
        finally:
            self._renewing.pop(hunt).set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Renew boards until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None
