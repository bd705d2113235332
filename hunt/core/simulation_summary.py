"""Quantiles over several runs of a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from hunt.core.definition import Definition, Prize
from hunt.core.intervals import Band, Interval, band, mean, wilson
from hunt.core.simulation import CrowdResult, Played


class PrizeSummary(Struct, frozen=True):
    """One prize over all runs."""

    id: str
    chance: Interval  #: probability that a counted click draws it
    drawn: Band  #: draws in a run
    granted: Band  #: grants in a run
    voided: Band | None  #: units lost in a run; None: this prize loses none
    stock: int | None
    sold_out: Band | None  #: seconds from the opening, of the runs that sold out; None: none did
    sold_out_runs: float  #: share of the runs that sold out
    off_plan: float | None  #: see `deviation`; None: without a release plan


class Hour(Struct, frozen=True):
    """The end of a slice of time, over all runs."""

    until: datetime
    clicks: Band
    granted: dict[str, Band]  #: grants up to then, by prize
    planned: dict[str, Band]  #: grants that the plan allows by then


class Shares(Struct, frozen=True):
    """Shares of the players who took part, averaged over the runs."""

    taking_part: float  #: of all players
    winners: float
    refused: float
    cooldown: float
    no_attempts: float
    too_far: float
    sold_out: float


class Summary(Struct, frozen=True):
    """All runs of a simulation."""

    runs: int
    clicks: Band
    counted: Band
    points: Interval  #: average points of a counted click
    payout: Band  #: points of a run
    cost: Band
    players: Shares
    crowds: dict[str, CrowdResult]  #: sums over the runs
    prizes: list[PrizeSummary]
    slices: list[Hour]


def summarise(definition: Definition, runs: Sequence[Played], players: int) -> Summary:
    """Return the summary of at least one run of a hunt with a number of players."""
    counted = max(sum(each.counted for each in runs), 1)
    granted = [
        (prize.points, sum(each.granted[prize.id] for each in runs)) for prize in definition.prizes
    ]
    points = mean(
        sum(worth * number for worth, number in granted),
        sum(worth * worth * number for worth, number in granted),
        counted,
    )
    return Summary(
        runs=len(runs),
        clicks=band([each.clicks for each in runs]),
        counted=band([each.counted for each in runs]),
        points=points,
        payout=band([each.payout for each in runs]),
        cost=band([each.cost for each in runs]),
        players=_shares(runs, players),
        crowds=_crowds(runs),
        prizes=[_prize(each, runs, counted) for each in definition.prizes],
        slices=[_slice(number, runs) for number in range(len(runs[0].slices))],
    )


def _prize(prize: Prize, runs: Sequence[Played], counted: int) -> PrizeSummary:
    sold_out = [each.sold_out[prize.id] for each in runs if prize.id in each.sold_out]
    return PrizeSummary(
        prize.id,
        wilson(sum(each.drawn[prize.id] for each in runs), counted),
        band([each.drawn[prize.id] for each in runs]),
        band([each.granted[prize.id] for each in runs]),
        band([each.voided[prize.id] for each in runs]) if prize.void else None,
        prize.stock,
        band(sold_out) if sold_out else None,
        len(sold_out) / len(runs),
        None if prize.release is None else max(deviation(prize.id, each) for each in runs),
    )


def deviation(prize: str, played: Played) -> float:
    """Return the largest deviation of the grants from the release plan at the end of a slice.

    It is relative to the plan, in units of the prize at least: a plan of 3 with 2 grants
    deviates by a third.  Where nothing was planned, it is 0.
    """
    found = [(each.granted[prize], each.planned[prize]) for each in played.slices]
    return max(abs(got - plan) / plan if plan else 0.0 for got, plan in found)


def _slice(number: int, runs: Sequence[Played]) -> Hour:
    found = [each.slices[number] for each in runs]
    first = found[0]
    return Hour(
        first.until,
        band([each.clicks for each in found]),
        {prize: band([each.granted[prize] for each in found]) for prize in first.granted},
        {prize: band([each.planned[prize] for each in found]) for prize in first.planned},
    )


def _shares(runs: Sequence[Played], players: int) -> Shares:
    part = max(sum(each.players.taking_part for each in runs), 1)

    def share(name: str) -> float:
        total: int = sum(getattr(each.players, name) for each in runs)
        return total / part

    return Shares(
        taking_part=part / (players * len(runs)),
        winners=share("winners"),
        refused=share("refused"),
        cooldown=share("cooldown"),
        no_attempts=share("no_attempts"),
        too_far=share("too_far"),
        sold_out=share("sold_out"),
    )


def _crowds(runs: Sequence[Played]) -> dict[str, CrowdResult]:
    found: dict[str, CrowdResult] = {}
    for run in runs:
        for name, each in run.crowds.items():
            total = found.setdefault(name, CrowdResult())
            total.players += each.players
            total.winners += each.winners
            total.clicks += each.clicks
            total.grants += each.grants
            total.value += each.value
    return found
