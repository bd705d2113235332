"""Replays a hunt from its bundle: draws every click again, and decides every grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from hunt.core.bundle import Row
from hunt.core.definition import Definition, Prize
from hunt.core.fairness import Draws
from hunt.core.grants import Given, Grants
from hunt.core.odds import Odds
from hunt.errors import ProofError

#: A click may be drawn by the version before a change for this time after it.
OVERLAP = timedelta(seconds=15)

#: Distance of a uniform number from a sum of chances within which both sides are accepted.
ROUNDING = 2.0**-40


class _Rules:
    """One version, in force from `since`."""

    def __init__(self, definition: Definition, since: datetime) -> None:
        self.definition = definition
        self.since = since
        self.draw = Odds(definition).draw
        self.points = {prize.id: prize.points for prize in definition.prizes}

    def drawn(self, x: float, y: float, uniform: float) -> set[Prize | None]:
        """Return what a click draws; two prizes if rounding may decide."""
        edges = (max(uniform - ROUNDING, 0.0), uniform + ROUNDING)
        return {self.draw(x, y, each) for each in edges}


class Replay:
    """The state of a hunt after each row.

    Args:
        seed: The seed of the draws; 32 bytes.
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._uniform = Draws(seed).uniform
        self._rules: list[_Rules] = []
        self._grants: Grants | None = None
        self._won: dict[int, tuple[str, datetime]] = {}  # prize and time, by seq
        self._counts_hold = True  # whether limits by time can still be checked
        self._has_rows = False

    @staticmethod
    def time(text: str) -> datetime:
        """Return a time of a bundle.

        Raises:
            ValueError: It is not one.
        """
        if len(text) != 27 or not text.endswith("Z"):
            raise ValueError("a time has six digits after the point, and a Z at its end")
        return datetime.fromisoformat(text)

    def change(self, definition: Definition, codes: Mapping[str, int], at: str) -> None:
        """Go on with another version.

        Args:
            definition: The version.
            codes: Number of loaded codes, by prize with codes.
            at: Time of the change.
        """
        prizes = tuple(
            replace(prize, stock=codes.get(prize.id, 0)) if prize.codes else prize
            for prize in definition.prizes
        )
        found = replace(definition, prizes=prizes)
        if self._rules and self._has_rows:
            old = self._rules[-1].definition
            names = ("timezone", "attempts", "max_wins", "cooldown", "max_speed", "map")
            if any(getattr(old, each) != getattr(found, each) for each in names):
                self._counts_hold = False
        grants = Grants(found, self._seed)
        if self._grants is not None:
            grants.continue_from(self._grants)
        self._grants = grants
        self._rules.append(_Rules(found, self.time(at)))

    def void(self, seqs: Sequence[int], at: str) -> None:
        """Take back the units of rewards that were declared void."""
        assert self._grants is not None
        codes = {prize.id for prize in self._rules[-1].definition.prizes if prize.codes}
        for seq in seqs:
            won = self._won.pop(seq, None)
            if won is None:
                raise ProofError(f"a void names row {seq}, which has no reward or is void already")
            if won[0] not in codes:
                self._grants.take_back(*won, self.time(at))

    def row(self, seq: int, row: Row, at: datetime) -> None:
        """Check the outcome of the next row, and count it.

        Raises:
            ProofError: The outcome is not the one that seed and rules give.
        """
        grants = self._grants
        assert grants is not None
        self._has_rows = True
        definition = self._rules[-1].definition
        if (definition.opens_at and at < definition.opens_at) or (
            definition.closes_at and definition.closes_at <= at
        ):
            raise ProofError(f"row {seq} is outside of the times of the hunt")
        if row.prize is not None:
            self._won[seq] = row.prize, at
        if row.leaf is not None:
            grants.record(row.prize, at)
            return
        assert row.id is not None
        assert row.player is not None
        assert row.x is not None
        assert row.y is not None
        place = row.x, row.y
        if not definition.map.contains(*place):
            raise ProofError(f"row {seq} is outside of the map")
        if self._counts_hold and (
            grants.is_cooling(row.player, at) or not grants.attempt(row.player, at, place)
        ):
            raise ProofError(f"row {seq} counts against a limit of its player")
        uniform = self._uniform(row.id, row.player)
        options = self._options(place, uniform, at)
        expected = self._settle(options, row, place, at)
        if expected is not None:
            got = _words(row.prize, row.sold_out, row.points)
            raise ProofError(f"row {seq}: seed and rules give {expected}, and the log has {got}")

    def _options(
        self, place: tuple[float, float], uniform: float, at: datetime
    ) -> list[tuple[_Rules, Prize | None]]:
        """Return what the click may have drawn, by the version in force or just before."""
        found: list[tuple[_Rules, Prize | None]] = []
        for rules, following in zip(
            reversed(self._rules), [None, *reversed(self._rules[1:])], strict=True
        ):
            if following is not None and following.since + OVERLAP < at:
                break
            for drawn in rules.drawn(*place, uniform):
                same = [None if each is None else (each.id, each.points) for _, each in found]
                if (None if drawn is None else (drawn.id, drawn.points)) not in same:
                    found.append((rules, drawn))
        return found

    def _settle(
        self,
        options: list[tuple[_Rules, Prize | None]],
        row: Row,
        place: tuple[float, float],
        at: datetime,
    ) -> str | None:
        """Settle the click; return what it should have got if that is not what it has."""
        expected = None
        before = self._grants
        assert before is not None
        assert row.player is not None
        for rules, drawn in options:
            grants = before if len(options) == 1 else deepcopy(before)
            given = grants.settle(None if drawn is None else drawn.id, row.player, place, at)
            points = self._points(rules, drawn, given)
            if (row.prize, row.sold_out, row.points) == (given.prize, given.sold_out, points):
                self._grants = grants
                return None
            expected = expected or _words(given.prize, given.sold_out, points)
        return expected

    def _points(self, rules: _Rules, drawn: Prize | None, given: Given) -> int:
        if given.prize is None:
            return 0
        if drawn is not None and drawn.id == given.prize:
            return rules.points[given.prize]
        return self._rules[-1].points[given.prize]


def _words(prize: str | None, sold_out: str | None, points: int) -> str:
    if prize is not None:
        return f"{prize} with {points} points"
    return "nothing" if sold_out is None else f"nothing, because {sold_out} is sold out"
