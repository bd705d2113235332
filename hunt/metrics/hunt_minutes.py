"""Clicks and wins of each hunt, minute by minute, from counters of clicks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import trio

#: Minutes that are kept of each hunt, the present one included.
KEPT = 60

#: Hunts, at most, of which minutes are kept; the one without clicks for longest is dropped.
MOST = 500

#: Seconds between two looks at the counters.
INTERVAL = 1.0

#: Begin in seconds since 1970, clicks, and the wins among them.
Minute = tuple[int, int, int]


class HuntMinutes:
    """Keeps the differences of counters, so that it costs no click anything.

    Args:
        clicks: Returns the clicks until now by hunt and outcome; no count falls.
        wall: Returns the seconds since 1970.
    """

    def __init__(
        self, clicks: Callable[[], Mapping[tuple[str, str], float]], wall: Callable[[], float]
    ) -> None:
        self.since = wall()  #: seconds since 1970 from which clicks are counted
        self._clicks = clicks
        self._wall = wall
        self._seen: dict[tuple[str, str], int] = {}
        self._minutes: dict[str, deque[Minute]] = {}  # the hunt that was clicked last is last

    async def run(self) -> None:
        """Look at the counters every `INTERVAL` seconds, until cancelled."""
        while True:
            self.look()
            await trio.sleep(INTERVAL)

    def look(self) -> None:
        """Add the clicks since the last look to the present minute."""
        begin = int(self._wall()) // 60 * 60
        fresh: dict[str, list[int]] = {}
        for (hunt, outcome), total in self._clicks().items():
            if outcome not in {"won", "nothing"}:
                continue
            added = int(total) - self._seen.get((hunt, outcome), 0)
            if added:
                self._seen[hunt, outcome] = int(total)
                pair = fresh.setdefault(hunt, [0, 0])
                pair[0] += added
                pair[1] += added if outcome == "won" else 0
        for hunt, (clicks, wins) in fresh.items():
            kept = self._minutes.pop(hunt, None)
            if kept is None:
                kept = deque(maxlen=KEPT)
            if kept and kept[-1][0] >= begin:  # also after the clock was set back
                last, before, won = kept.pop()
                kept.append((last, before + clicks, won + wins))
            else:
                kept.append((begin, clicks, wins))
            self._minutes[hunt] = kept
        while len(self._minutes) > MOST:
            del self._minutes[next(iter(self._minutes))]

    def of(self, hunt: str) -> list[Minute]:
        """Return the minutes with clicks of a hunt in the last hour, oldest first."""
        since = int(self._wall()) // 60 * 60 - (KEPT - 1) * 60
        return [each for each in self._minutes.get(hunt, ()) if each[0] >= since]
