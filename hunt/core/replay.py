"""Replays a hunt from its bundle: draws every click again, and decides every grant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hunt.core import sphere
from hunt.core.bundle import Row
from hunt.core.definition import Area, Definition, Prize
from hunt.core.fairness import Draws
from hunt.core.grants import Given, Grants
from hunt.core.maps import Position
from hunt.core.odds import Odds, chance
from hunt.errors import ProofError
from hunt.plurals import plural

#: A click may be drawn by the version before a change for this time after it.
OVERLAP = timedelta(seconds=15)

#: Largest difference that rounding may explain, so that both outcomes are accepted: absolute
#: between a uniform number and a sum of chances; relative between a squared distance and the edge
#: of an area, and between a distance and the speed limit.
ROUNDING = 2.0**-40


class _Rules:
    """One version, in force from `since`."""

    def __init__(self, definition: Definition, since: datetime) -> None:
        self.definition = definition
        self.since = since
        self.draw = Odds(definition).draw
        self.points = {prize.id: prize.points for prize in definition.prizes}
        self._areas = [
            (each.odds, _reach(definition, each.odds))
            for each in definition.prizes
            if isinstance(each.odds, Area)
        ]

    def slacks(self, x: float, y: float) -> tuple[float, ...]:
        """Return the relative errors of squared distances to try: only 0 away from all edges."""
        squared = self.definition.map.squared
        for area, reach in self._areas:
            if abs(y - area.at[1]) > reach:  # most areas are far away
                continue
            edge = area.within * area.within
            if abs(squared(x, y, *area.at) - edge) <= 2 * ROUNDING * edge:
                return 0.0, -ROUNDING, ROUNDING
        return (0.0,)

    def drawn(self, x: float, y: float, uniform: float, slack: float) -> set[Prize | None]:
        """Return what a click draws; two prizes if rounding may decide."""
        edges = (max(uniform - ROUNDING, 0.0), uniform + ROUNDING)
        if not slack:
            return {self.draw(x, y, each) for each in edges}
        sums, total = list[tuple[float, Prize]](), 0.0
        for prize in self.definition.prizes:
            if not prize.first:
                total += chance(prize, self.definition.map, x, y, 1 + slack)
                sums.append((total, prize))
        return {next((prize for sum_, prize in sums if each < sum_), None) for each in edges}


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
        self._counted: list[tuple[str, datetime, bool]] = []  # rows, for `Grants.continue_from`

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
        grants = Grants(found, self._seed)
        if self._grants is not None:
            grants.continue_from(self._grants, self._counted)
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
        if grants.is_cooling(row.player, at) or not grants.attempt(
            row.player, at, place, rounding=ROUNDING
        ):
            raise ProofError(f"row {seq} counts against a limit of its player")
        uniform = self._uniform(row.id, row.player)
        options = self._options(place, uniform, at)
        expected = self._settle(options, row, place, at)
        if expected is not None:
            got = _words(row.prize, row.sold_out, row.points)
            raise ProofError(f"row {seq}: seed and rules give {expected}, and the log has {got}")
        self._counted.append((row.player, at, row.prize is not None))

    def _options(
        self, place: Position, uniform: float, at: datetime
    ) -> Iterator[tuple[_Rules, Prize | None, float]]:
        """Yield what the click may have drawn, by the version in force or just before."""
        for rules, following in zip(
            reversed(self._rules), [None, *reversed(self._rules[1:])], strict=True
        ):
            if following is not None and following.since + OVERLAP < at:
                break
            for slack in rules.slacks(*place):
                for drawn in rules.drawn(*place, uniform, slack):
                    yield rules, drawn, slack

    def _settle(
        self,
        options: Iterator[tuple[_Rules, Prize | None, float]],
        row: Row,
        place: Position,
        at: datetime,
    ) -> str | None:
        """Settle the click; return what it should have got if that is not what it has."""
        expected = None
        grants = self._grants
        assert grants is not None
        assert row.player is not None
        for rules, drawn, slack in options:
            key = None if drawn is None else drawn.id
            given = grants.decide(key, row.player, place, at, stretch=1 + slack)
            points = self._points(rules, drawn, given)
            if (row.prize, row.sold_out, row.points) == (given.prize, given.sold_out, points):
                grants.count(given, row.player, at)
                return None
            expected = expected or _words(given.prize, given.sold_out, points)
        return expected

    def _points(self, rules: _Rules, drawn: Prize | None, given: Given) -> int:
        if given.prize is None:
            return 0
        if drawn is not None and drawn.id == given.prize:
            return rules.points[given.prize]
        return self._rules[-1].points[given.prize]


def _reach(definition: Definition, area: Area) -> float:
    """Return a difference of `y` beyond which a position is not near the edge of an area."""
    if definition.map.is_degrees:
        return sphere.latitudes(area.within)
    return area.within * (1 + 1e-9)


def _words(prize: str | None, sold_out: str | None, points: int) -> str:
    if prize is not None:
        return f"{prize} with {plural(points, 'point')}"
    return "nothing" if sold_out is None else f"nothing, because {sold_out} is sold out"
