"""Arrivals of a simulation: when which player clicks."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count

from msgspec import Struct

from hunt.core.definition import Definition
from hunt.core.time_slices import TimeSpan


class Habits(Struct, frozen=True, kw_only=True):
    """How players come and click."""

    curve: tuple[float, ...] = (1.0,)  #: relative rates in equal parts of the time; sum > 0
    returns: float = 1.0  #: share of the players, 0 to 1, who take part in each slice
    visit: int = 1  #: clicks in a row of one player, >= 1
    pause: float = 1.0  #: seconds between the clicks of a visit, >= 0
    impatient: bool = False  #: players click also before their cooldown is over


class Arrival(Struct):
    """One click."""

    at: datetime
    player: int  #: number of the player, >= 0
    left: int  #: clicks of the visit after this one; set to 0, the player leaves
    counted: bool = False  #: set where the click was not refused: the cooldown begins


class Arrivals:
    """The clicks of a simulation in the order of time.

    Args:
        definition: The hunt.
        habits: How players come and click.
        clicks: Number of clicks, >= 1, of all players together.
        players: Number of players, >= 1.
        uniform: Returns a random number in [0, 1).
    """

    def __init__(
        self,
        definition: Definition,
        habits: Habits,
        *,
        clicks: int,
        players: int,
        uniform: Callable[[], float],
    ) -> None:
        self._span = TimeSpan(definition)
        self._habits = habits
        self._clicks = clicks
        self._players = range(players)
        self._uniform = uniform
        self._cooldown = timedelta(seconds=0 if habits.impatient else definition.cooldown)
        self._pause = max(timedelta(seconds=habits.pause), self._cooldown)

    def __iter__(self) -> Iterator[Arrival]:
        """Yield each click.  Clicks that players put off beyond the end are left out."""
        visits, order = self._visits(), count()
        coming = next(visits, None)
        waiting: list[tuple[datetime, int, Arrival]] = []
        ready: dict[int, datetime] = {}  # player -> end of the cooldown
        while coming or waiting:
            if waiting and (coming is None or waiting[0][0] <= coming.at):
                arrival = heapq.heappop(waiting)[2]
            else:
                assert coming is not None
                arrival, coming = coming, next(visits, None)
            if self._cooldown and (until := ready.get(arrival.player, arrival.at)) > arrival.at:
                arrival.at = until
                heapq.heappush(waiting, (until, next(order), arrival))
            elif arrival.at < self._span.ends:
                yield arrival
                if self._cooldown and arrival.counted:
                    ready[arrival.player] = arrival.at + self._cooldown
                if arrival.left:
                    at = arrival.at + self._pause
                    following = Arrival(at, arrival.player, arrival.left - 1)
                    heapq.heappush(waiting, (at, next(order), following))

    def _visits(self) -> Iterator[Arrival]:
        """Yield the first click of each visit; the players who take part visit in turn."""
        size, curve = self._habits.visit, self._habits.curve
        number = math.ceil(self._clicks / size)
        bounds = iter(self._span.bounds())
        until = self._span.starts
        players: Sequence[int] = self._players
        for visit in range(number):
            at = self._span.starts + self._span.length * moment(visit / number, curve)
            while at >= until:
                until, players = next(bounds), self._taking_part()
            if players:
                left = min(size, self._clicks - visit * size) - 1
                yield Arrival(at, players[visit % len(players)], left)

    def _taking_part(self) -> Sequence[int]:
        """Return the players who take part in a slice."""
        share, uniform = self._habits.returns, self._uniform
        if share >= 1:
            return self._players
        return [player for player in self._players if uniform() < share]


def moment(share: float, curve: Sequence[float]) -> float:
    """Return the part of the time, 0 to 1, by which a share of all clicks has arrived.

    Args:
        share: Share of the clicks, 0 to 1.
        curve: Relative rates of clicks in equal parts of the time.
    """
    left = share * math.fsum(curve)
    for number, rate in enumerate(curve):
        if left < rate:
            return (number + left / rate) / len(curve)
        left -= rate
    return 1.0
