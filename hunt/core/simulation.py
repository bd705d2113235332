"""Simulation of a hunt without a server: which prizes are drawn and granted, and to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct, field

from hunt.core.arrivals import Arrivals, Habits
from hunt.core.crowds import CROWDS, UNIFORM, Crowd, Crowds
from hunt.core.definition import Definition
from hunt.core.expected_value import grid, worth
from hunt.core.fairness import Draws
from hunt.core.grants import INSTANT, Grants
from hunt.core.intervals import Interval, mean, wilson
from hunt.core.odds import Odds
from hunt.core.time_slices import Slice, TimeSpan

#: Standard deviation around hints, as a share of the map's width and height.
SPREAD = 0.05

_CLICKED, _WON, _COOLDOWN, _ATTEMPTS, _SOLD_OUT, _TOO_FAR = (1 << bit for bit in range(6))


class Scenario(Struct, frozen=True, kw_only=True):
    """The players of a simulation."""

    clicks: int = 1_000_000  #: clicks, >= 1, of all players together
    players: int = 1000  #: >= 1
    habits: Habits = Habits()
    crowd: Mapping[Crowd, float] = field(default_factory=lambda: dict(UNIFORM))
    spread: float = SPREAD  #: see `hunt.core.crowds.Crowds`
    costs: Mapping[str, float] = {}  #: cost of one unit, by prize
    by: Slice | None = None  #: width of the slices of time; None: by the hunt's length


class Moment(Struct, frozen=True):
    """The state at the end of a slice of time."""

    until: datetime  #: the end of the slice
    clicks: int  #: clicks in the slice
    granted: dict[str, int]  #: grants up to its end, by prize
    planned: dict[str, int]  #: grants that the release plan allows by then, of prizes with one


class Players(Struct, frozen=True):
    """Numbers of players; one player may be in several."""

    taking_part: int  #: clicked at least once
    winners: int
    cooldown: int  #: refused a click because of the cooldown
    no_attempts: int  #: refused a click because no attempts were left
    too_far: int  #: refused a click because of the speed limit
    refused: int  #: one of these three
    sold_out: int  #: drew a prize whose stock was used up


class CrowdResult(Struct):
    """The results of a crowd."""

    players: int = 0
    winners: int = 0
    clicks: int = 0
    grants: int = 0
    value: float = 0.0  #: sum of what its grants count; see `hunt.core.expected_value.worth`


class Played(Struct, frozen=True):
    """The result of a simulation."""

    clicks: int
    counted: int  #: clicks that were not refused
    drawn: dict[str, int]  #: number of draws of each prize, in the hunt's order
    granted: dict[str, int]  #: grants, by prize; also those without a draw
    voided: dict[str, int]  #: units that were released and lost, by prize
    points: Interval  #: average points of one counted click
    payout: int  #: points of all grants
    cost: float  #: cost of all grants
    players: Players
    crowds: dict[str, CrowdResult]
    sold_out: dict[str, float]  #: seconds from the opening until the stock was used up, by prize
    slices: list[Moment]  #: in the order of time

    def chance(self, prize: str) -> Interval:
        """Return the estimated probability that a counted click draws `prize`."""
        return wilson(self.drawn[prize], max(self.counted, 1))


def play(
    definition: Definition,
    scenario: Scenario,
    *,
    seed: bytes,
    uniform: Callable[[], float],
) -> Played:
    """Let players click, draw and settle with the functions of production.

    Args:
        definition: The hunt to simulate.
        scenario: Its players.
        seed: Seed of the draws, 32 bytes.
        uniform: Returns a random number in [0, 1), for the players.
    """
    return _Run(definition, scenario, seed, uniform).play()


class _Run:
    """The state of one simulation."""

    def __init__(
        self,
        definition: Definition,
        scenario: Scenario,
        seed: bytes,
        uniform: Callable[[], float],
    ) -> None:
        self._definition = definition
        self._scenario = scenario
        self._span = TimeSpan(definition, scenario.by)
        _, self._worth = worth(definition, scenario.costs)
        self._crowds = Crowds(
            definition,
            scenario.crowd,
            spread=scenario.spread,
            best=grid(definition, self._worth).best if "bots" in scenario.crowd else (0.0, 0.0),
            uniform=uniform,
        )
        self._arrivals = Arrivals(
            definition,
            scenario.habits,
            clicks=scenario.clicks,
            players=scenario.players,
            uniform=uniform,
        )
        self._draws, self._odds = Draws(seed), Odds(definition)
        self._grants = Grants(definition, seed)
        self._stocks = {each.id: each.stock for each in definition.prizes if each.stock is not None}
        self._sold_out: dict[str, float] = {}

    def play(self) -> Played:
        """Make all clicks, and return the result."""
        grants, odds, draws = self._grants, self._odds, self._draws
        count = self._scenario.players
        names = [f"player-{number}" for number in range(count)]
        crowds = [self._crowds.of(number) for number in range(count)]
        flags = bytearray(count)
        results = {crowd: CrowdResult() for crowd in CROWDS}
        drawn: Counter[str] = Counter()
        slices = _Slices(self._definition, grants, self._span)
        counted = 0
        for number, arrival in enumerate(self._arrivals):
            at, player = arrival.at, arrival.player
            name, crowd = names[player], crowds[player]
            slices.click(at)
            flags[player] |= _CLICKED
            results[crowd].clicks += 1
            if grants.is_cooling(name, at):
                flags[player] |= _COOLDOWN
                continue
            position = self._crowds.position(crowd)
            if grants.wait(name, at, position) > 0:
                flags[player] |= _TOO_FAR
                continue
            if not grants.attempt(name, at, position):
                flags[player] |= _ATTEMPTS
                arrival.left = 0
                continue
            arrival.counted = True
            counted += 1
            prize = odds.draw(*position, draws.uniform(f"{number:032x}", name))
            if prize is not None:
                drawn[prize.id] += 1
            given = grants.settle(None if prize is None else prize.id, name, position, at)
            if given.prize is not None:
                flags[player] |= _WON
                results[crowd].grants += 1
                results[crowd].value += self._worth[given.prize]
                self._note_stock(given.prize, at)
            elif given.sold_out is not None:
                flags[player] |= _SOLD_OUT
                self._note_stock(given.sold_out, at)
        for player, crowd in enumerate(crowds):
            results[crowd].players += bool(flags[player] & _CLICKED)
            results[crowd].winners += bool(flags[player] & _WON)
        return self._result(counted, drawn, _players(flags), results, slices.finish())

    def _note_stock(self, prize: str, at: datetime) -> None:
        """Note when the last unit of a prize was granted or lost."""
        stock, grants = self._stocks.get(prize), self._grants
        if stock is not None and grants.granted[prize] + grants.voided[prize] >= stock:
            self._sold_out.setdefault(prize, (at - self._span.starts).total_seconds())

    def _result(
        self,
        counted: int,
        drawn: Counter[str],
        players: Players,
        crowds: Mapping[Crowd, CrowdResult],
        slices: list[Moment],
    ) -> Played:
        prizes, grants, costs = self._definition.prizes, self._grants, self._scenario.costs
        points = [(each.points, grants.granted[each.id]) for each in prizes]
        payout = sum(worth * number for worth, number in points)
        squares = sum(worth * worth * number for worth, number in points)
        return Played(
            clicks=sum(each.clicks for each in slices),
            counted=counted,
            drawn={each.id: drawn[each.id] for each in prizes},
            granted={each.id: grants.granted[each.id] for each in prizes},
            voided={each.id: grants.voided[each.id] for each in prizes if each.void},
            points=mean(payout, squares, max(counted, 1)),
            payout=payout,
            cost=sum(costs.get(each.id, 0.0) * grants.granted[each.id] for each in prizes),
            players=players,
            crowds={crowd: each for crowd, each in crowds.items() if crowd in self._scenario.crowd},
            sold_out=self._sold_out,
            slices=slices,
        )


def _players(flags: bytearray) -> Players:
    def number(mask: int) -> int:
        return sum(1 for each in flags if each & mask)

    return Players(
        taking_part=number(_CLICKED),
        winners=number(_WON),
        cooldown=number(_COOLDOWN),
        no_attempts=number(_ATTEMPTS),
        too_far=number(_TOO_FAR),
        refused=number(_COOLDOWN | _ATTEMPTS | _TOO_FAR),
        sold_out=number(_SOLD_OUT),
    )


class _Slices:
    """Notes the grants at the end of each slice of time."""

    def __init__(self, definition: Definition, grants: Grants, span: TimeSpan) -> None:
        self._definition = definition
        self._grants = grants
        self._bounds: Iterator[datetime] = iter(span.bounds())
        self._until = next(self._bounds)
        self._clicks = 0
        self._found: list[Moment] = []

    def click(self, at: datetime) -> None:
        """Note a click, and each slice that has ended before it."""
        while at >= self._until:
            self._note()
        self._clicks += 1

    def finish(self) -> list[Moment]:
        """Return all slices, the last one included."""
        while self._until is not datetime.max:
            self._note()
        return self._found

    def _note(self) -> None:
        ids = [prize.id for prize in self._definition.prizes]
        granted = {each: self._grants.granted[each] for each in ids}
        planned = self._grants.planned(self._until - INSTANT)  # the end is not in the slice
        self._found.append(Moment(self._until, self._clicks, granted, planned))
        self._clicks, self._until = 0, next(self._bounds, datetime.max)
