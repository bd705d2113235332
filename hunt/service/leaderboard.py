"""A cache of leaderboards, which background tasks renew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import trio

from hunt.core.cache import Cache
from hunt.core.leaderboard import LeaderboardEntry, LeaderboardSnapshot
from hunt.errors import StoreError, StoreUnavailable
from hunt.logs import FaultLog

#: Number of players on a board.
SIZE = 100

#: A board is fresh up to this age, in seconds.
FRESH = 2.0

#: A board is stale from this age on, in seconds: requests wait for the next one.
STALE = 10.0

#: Maximum time in seconds that a request waits for a board.
PATIENCE = 2.0

#: Size of the cache of boards, in bytes: about 1000 boards.
BOARDS_SIZE = 32 * 2**20

#: Estimated size of a board without entries, and of each entry, in bytes.
BOARD, ENTRY = 1024, 320

#: The time of a renewal, and its board.
_Board = tuple[float, LeaderboardSnapshot]

log = FaultLog("hunt")


def _size(hunt: str, kept: _Board) -> int:
    return BOARD + ENTRY * len(kept[1].entries)


class Leaderboard:
    """The boards of all hunts, or of all campaigns.

    A request for a board that is no longer fresh starts a task that renews it, at most one
    for each hunt.  After a failure the next attempt starts at least `FRESH` seconds later.
    The load of the database therefore does not depend on the number of requests.

    Args:
        add_up: Adds up a step of a hunt's log; returns the last seq that is included, and
            the number of rows that are left.
        leaders: Returns the best players of a hunt, at most as many as asked for.
        faults: Its key ``renew`` counts renewals that failed; None: a counter of its own.
    """

    def __init__(
        self,
        add_up: Callable[[str], Awaitable[tuple[int, int]]],
        leaders: Callable[[str, int], Awaitable[list[LeaderboardEntry]]],
        faults: Counter[str] | None = None,
    ) -> None:
        self._add_up = add_up
        self._leaders = leaders
        self._boards: Cache[str, _Board] = Cache(BOARDS_SIZE, _size)
        self._renewing: dict[str, trio.Event] = {}
        self._failed: dict[str, float] = {}  # hunt -> time of the last failed renewal
        self._nursery: trio.Nursery | None = None
        self.faults = Counter(renew=0) if faults is None else faults  #: failed renewals

    def peek(self, hunt: str) -> LeaderboardSnapshot | None:
        """Return a hunt's board; None if a request has to wait for it.

        A board that is no longer fresh is renewed in the background.

        Raises:
            StoreUnavailable: The server is stopping.
        """
        since, board = self._boards.get(hunt) or (float("-inf"), None)
        now = trio.current_time()
        if now - since >= FRESH and now - self._failed.get(hunt, float("-inf")) >= FRESH:
            self._renew(hunt)
        return board if now - since < STALE else None

    async def get(self, hunt: str) -> LeaderboardSnapshot:
        """Return a hunt's board, which may be some seconds old.

        Args:
            hunt: The id of an existing hunt.

        Raises:
            StoreUnavailable: There is no board yet, and none can be made now.
        """
        board = self.peek(hunt)
        return await self.renewed(hunt) if board is None else board

    async def renewed(self, hunt: str) -> LeaderboardSnapshot:
        """Return a hunt's board; if it is no longer fresh, wait for the renewal.

        Raises:
            StoreUnavailable: There is no board yet, and none can be made now.
        """
        self.peek(hunt)
        renewing = self._renewing.get(hunt)
        if renewing is not None:
            with trio.move_on_after(PATIENCE):
                await renewing.wait()
        kept = self._boards.get(hunt)
        if kept is None:
            raise StoreUnavailable("there is no leaderboard yet")
        return kept[1]

    def rotate(self) -> None:
        """Evict the boards that are no longer requested; call this regularly."""
        self._boards.rotate()
        now = trio.current_time()
        self._failed = {hunt: at for hunt, at in self._failed.items() if now - at < FRESH}

    def _renew(self, hunt: str) -> trio.Event:
        """Start the renewal of a board; return an event that is set at its end."""
        if hunt not in self._renewing:
            if self._nursery is None:
                raise StoreUnavailable("this server is stopping")
            self._renewing[hunt] = trio.Event()
            self._nursery.start_soon(self._renewal, hunt)
        return self._renewing[hunt]

    async def _renewal(self, hunt: str) -> None:
        try:
            rest = 1
            while rest:  # publish each step: the first renewal of a long log takes a while
                upto, rest = await self._add_up(hunt)
                board = LeaderboardSnapshot(upto, tuple(await self._leaders(hunt, SIZE)))
                self._boards.put(hunt, (trio.current_time(), board))
        except StoreError as exc:
            self._failed[hunt] = trio.current_time()
            self.faults["renew"] += 1
            log.store_error("leaderboard not renewed", exc, hunt=hunt)
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
