"""The rule that decides who gets which prize: stock, release plan, and limits of players."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from hunt.core.definition import Definition, Per, Step
from hunt.core.maps import Position
from hunt.core.odds import chance
from hunt.core.periods import began, released, steps

_at = attrgetter("at")

INSTANT = timedelta(microseconds=1)


class Given(NamedTuple):
    """The outcome of a click."""

    prize: str | None  #: None: nothing
    sold_out: str | None = None  #: the prize that it drew, and whose stock was used up


class Grants:
    """The grants of a hunt's prizes so far.

    States the rule of the SQL functions `hunt_commit`, `hunt_settle` and `hunt_settle_in_order`
    for code that has no database.  A property test in ``tests/store/test_grants.py`` compares them.

    Args:
        definition: The hunt.
        seed: Its seed, from which winning moments are drawn; 32 bytes.
    """

    def __init__(self, definition: Definition, seed: bytes = bytes(32)) -> None:
        self._definition = definition
        self._prizes = {prize.id: prize for prize in definition.prizes}
        self._plans: dict[str, tuple[Step, ...]] = {
            each.id: steps(definition, each, seed) for each in definition.prizes
        }
        self._firsts = sorted(prize.id for prize in definition.prizes if prize.first)
        self._voidable = [prize for prize in definition.prizes if prize.void]
        self._next_step: datetime | None = datetime.min.replace(tzinfo=UTC)
        self._cooldown = timedelta(seconds=definition.cooldown)
        self._by_player: Counter[tuple[str, str]] = Counter()
        self._wins: Counter[tuple[str, datetime]] = Counter()
        # Time and position of the last click of a player that counted; see `attempt`.
        self._last: dict[str, tuple[datetime, Position | None]] = {}
        self._attempts: Counter[tuple[str, datetime]] = Counter()
        self.granted: Counter[str] = Counter()  #: number of grants, by prize
        self.voided: Counter[str] = Counter()  #: number of released grants that were lost

    def attempts(self, player: str, at: datetime) -> float:
        """Return how many clicks of a player may still count in this period."""
        quota = self._definition.attempts
        if quota is None:
            return math.inf
        return quota.count - self._attempts[player, began(quota.per, self._definition.timezone, at)]

    def is_cooling(self, player: str, at: datetime) -> bool:
        """Return whether a player's cooldown since the last counted click is not over."""
        last = self._last.get(player)
        return bool(self._cooldown) and last is not None and last[0] + self._cooldown > at

    def attempt(self, player: str, at: datetime, place: Position, *, rounding: float = 0.0) -> bool:
        """Count a click of a player; return False if it does not count.

        It does not if no attempts are left in this period, or if the player cannot have come
        to its place since the last click that counted.

        Args:
            player: Id of the player.
            at: Time of the commit.
            place: Position of the click.
            rounding: Relative length, >= 0, by which a distance may exceed the speed limit.
        """
        if self.wait(player, at, place, rounding=rounding) > 0:
            return False
        if (quota := self._definition.attempts) is not None:
            window = player, began(quota.per, self._definition.timezone, at)
            if self._attempts[window] >= quota.count:
                return False
            self._attempts[window] += 1
        if self._definition.max_speed is not None:
            self._last[player] = at, place
        elif self._cooldown:
            self._last[player] = at, None
        return True

    def wait(self, player: str, at: datetime, place: Position, *, rounding: float = 0.0) -> float:
        """Return the seconds until the speed limit allows a click at a place; 0: it does now."""
        speed = self._definition.max_speed
        if speed is None or player not in self._last:
            return 0.0
        then, before = self._last[player]
        if before is None:
            return 0.0
        gone = max((at - then).total_seconds(), 0.0)
        metres = self._definition.map.distance(before, place)
        return metres / speed - gone if metres > speed * gone * (1 + rounding) else 0.0

    def settle(self, drawn: str | None, player: str, place: Position, at: datetime) -> Given:
        """Decide what a click gets, and count it.

        Clicks are passed in commit order.  A prize for the first click after a moment comes
        before the one that was drawn.  A draw over a limit of the player uses no stock, and
        does not overflow.

        Args:
            drawn: Id of the prize that the click drew, or None.
            player: Id of the player.
            place: Position of the click.
            at: Time of the commit.
        """
        given = self.decide(drawn, player, place, at)
        self.count(given, player, at)
        return given

    def decide(
        self,
        drawn: str | None,
        player: str,
        place: Position,
        at: datetime,
        *,
        stretch: float = 1.0,
    ) -> Given:
        """Decide what the next click gets, as `settle` does, without counting it.

        Args:
            drawn: Id of the prize that the click drew, or None.
            player: Id of the player.
            place: Position of the click.
            at: Time of the commit.
            stretch: Factor of squared distances, for a verifier that allows for rounding.
        """
        self._void(at)
        for first in self._firsts:
            waits = self._is_at(first, place, stretch) and self._left(first, at) > 0
            if waits and self._may(first, player, at):
                return Given(first)
        candidate = drawn
        while candidate is not None:
            if self._left(candidate, at) > 0:
                return Given(candidate if self._may(candidate, player, at) else None)
            if not self._is_sold_out(candidate):
                return Given(None)
            candidate = self._prizes[candidate].overflow
        return Given(None, drawn)

    def count(self, given: Given, player: str, at: datetime) -> None:
        """Count a click that was decided."""
        if given.prize is None:
            return
        if (wins := self._definition.max_wins) is not None:
            self._wins[player, began(wins.per, self._definition.timezone, at)] += 1
        self._by_player[player, given.prize] += 1
        self.granted[given.prize] += 1

    def record(self, prize_id: str | None, at: datetime) -> None:
        """Count a click that was decided, and whose player is not known.

        Args:
            prize_id: Id of the prize that it got, or None.
            at: Time of the commit.
        """
        self._void(at)
        if prize_id is not None:
            self.granted[prize_id] += 1

    def continue_from(self, before: Grants, rows: Iterable[tuple[str, datetime, bool]]) -> None:
        """Take over the counts of the version of the hunt before this one.

        If the period of a limit has changed, its counts are computed again from the log, as in the
        database.
        Prizes that the hunt no longer has may be drawn for a while; no step releases them.

        Args:
            before: The grants by the version before, after the last row.
            rows: Player, time, and whether it won, of each row of the log.
        """
        retired = {key: each for key, each in before._prizes.items() if key not in self._prizes}
        self._prizes |= retired
        self._plans |= dict.fromkeys(retired, ())
        self._last, self._by_player = before._last, before._by_player
        self.granted, self.voided = before.granted, before.voided
        old, new = before._definition, self._definition
        if _periods(old) == _periods(new):
            self._attempts, self._wins = before._attempts, before._wins
            return
        for player, at, won in rows:
            if new.attempts is not None:
                self._attempts[player, began(new.attempts.per, new.timezone, at)] += 1
            if won and new.max_wins is not None:
                self._wins[player, began(new.max_wins.per, new.timezone, at)] += 1

    def take_back(self, prize_id: str, granted_at: datetime, at: datetime) -> None:
        """Return a unit of a prize whose reward is void; limits of players still count it.

        Args:
            prize_id: Id of the prize.
            granted_at: Time of its grant.
            at: Time of the void.
        """
        self.granted[prize_id] -= 1
        later = any(granted_at < step.at <= at for step in self._plans[prize_id])
        if self._prizes[prize_id].void and later:
            self.voided[prize_id] += 1

    def planned(self, at: datetime) -> dict[str, int]:
        """Return how many grants the release plans have allowed by a time, of prizes with one."""
        found = {}
        for prize in self._prizes.values():
            if prize.release is not None:
                last = at if prize.until is None else min(at, prize.until - INSTANT)
                allowed, _ = released(self._definition, prize, self._plans[prize.id], last)
                total = min(allowed, math.inf if prize.stock is None else prize.stock)
                found[prize.id] = int(total)
        return found

    def _void(self, at: datetime) -> None:
        """Count what a step released and was not won before the next step."""
        if self._next_step is None or at < self._next_step:
            return
        for prize in self._voidable:
            _, before = released(self._definition, prize, self._plans[prize.id], at)
            lost = before - self.granted[prize.id]
            self.voided[prize.id] = max(self.voided[prize.id], lost)
        plans = [self._plans[prize.id] for prize in self._voidable]
        coming = [plan[bisect_right(plan, at, key=_at) :][:1] for plan in plans]
        self._next_step = min((step.at for steps in coming for step in steps), default=None)

    def _is_at(self, prize_id: str, place: tuple[float, float], stretch: float) -> bool:
        return chance(self._prizes[prize_id], self._definition.map, *place, stretch) > 0

    def _left(self, prize_id: str, at: datetime) -> float:
        """Return how many grants of a prize are left at a time, by its stock and its plan."""
        prize = self._prizes[prize_id]
        allowed, _ = released(self._definition, prize, self._plans[prize_id], at)
        used = self.granted[prize_id] + self.voided[prize_id]
        return min(allowed, math.inf if prize.stock is None else prize.stock) - used

    def _is_sold_out(self, prize_id: str) -> bool:
        stock = self._prizes[prize_id].stock
        return stock is not None and self.granted[prize_id] + self.voided[prize_id] >= stock

    def _may(self, prize_id: str, player: str, at: datetime) -> bool:
        """Return whether all limits of the player allow a grant."""
        limit, wins = self._prizes[prize_id].per_player, self._definition.max_wins
        if limit is not None and self._by_player[player, prize_id] >= limit:
            return False
        if wins is None:
            return True
        return self._wins[player, began(wins.per, self._definition.timezone, at)] < wins.count


def _periods(definition: Definition) -> tuple[str, Per | None, Per | None]:
    attempts, wins = definition.attempts, definition.max_wins
    return (
        definition.timezone,
        None if attempts is None else attempts.per,
        None if wins is None else wins.per,
    )
