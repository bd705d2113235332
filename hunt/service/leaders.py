"""Sends a hunt's leaderboard to the streams that watch all players, after it changed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import trio

from hunt.core.leaderboard import LeaderboardSnapshot
from hunt.core.live import LiveEvent
from hunt.core.player_ids import mask
from hunt.errors import StoreUnavailable
from hunt.service.broadcast import Broadcast
from hunt.service.hub import Hub
from hunt.service.leaderboard import Leaderboard

#: Seconds between two looks at the boards of the hunts that are watched.
INTERVAL = 5.0

#: Number of entries in an event.
SIZE = 10


class Leaders:
    """Tells watchers the leaderboard, so that none has to ask.

    A board is read at most once an `INTERVAL` for each hunt, whatever the number of watchers,
    and only if the log has grown.

    Args:
        hub: Knows the hunts that are watched.
        boards: The boards.
        broadcast: Sends the events.
        position: Returns the last seq of a hunt's log that this process has seen.
    """

    def __init__(
        self, hub: Hub, boards: Leaderboard, broadcast: Broadcast, position: Callable[[str], int]
    ) -> None:
        self._hub = hub
        self._boards = boards
        self._broadcast = broadcast
        self._position = position
        self._told: dict[str, LeaderboardSnapshot] = {}  # last board of each watched hunt

    async def run(self) -> None:
        """Look at the boards until cancelled."""
        while True:
            await trio.sleep(INTERVAL)
            await self.look()

    async def look(self) -> None:
        """Tell each board that has changed since the last look."""
        watched = self._hub.watched()
        self._told = {hunt: board for hunt, board in self._told.items() if hunt in watched}
        for hunt in watched:
            told = self._told.get(hunt)
            if told is not None and self._position(hunt) == told.seq:
                continue
            try:
                board = await self._boards.renewed(hunt)
            except StoreUnavailable:
                continue  # the next look tells it
            self._told[hunt] = board
            if told is None or told.entries[:SIZE] != board.entries[:SIZE]:
                self._broadcast.tell_all(hunt, [event(board)])


def event(board: LeaderboardSnapshot) -> LiveEvent:
    """Return the event that tells a board, with masked ids, and the names of players."""
    leaders = [
        {
            "rank": rank,
            "player": mask(each.player),
            **({} if each.name is None else {"name": each.name}),
            "points": each.points,
            "wins": each.wins,
        }
        for rank, each in enumerate(board.entries[:SIZE], 1)
    ]
    data = msgspec.json.encode({"seq": board.seq, "leaders": leaders})
    return LiveEvent("leaders", data, "leaders ", watchers=True)
