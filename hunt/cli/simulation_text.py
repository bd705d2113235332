"""The result of a simulation as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from hunt.core.intervals import Band
from hunt.core.simulation_summary import PrizeSummary, Summary
from hunt.reports.plot import number

#: Characters of the longest bar.
BAR = 40


def lines(summary: Summary, measure: str, *, costs: bool) -> Iterator[str]:
    """Yield the lines.

    Args:
        summary: The simulation.
        measure: Unit of the values of crowds, such as "points".
        costs: Whether prizes have a cost.
    """
    yield from _prizes(summary)
    points = summary.points
    yield (
        f"a click wins {points.estimate:.4f} points on average "
        f"({points.low:.4f} to {points.high:.4f}, 95 % confidence)"
    )
    for each in summary.prizes:
        yield from _sold_out(each, summary.runs)
    yield from _plan(summary)
    yield from _players(summary, measure)
    yield f"{_band(summary.payout, summary.runs)} points are paid out in a run"
    if costs:
        yield f"the grants of a run cost {_band(summary.cost, summary.runs)}"


def _prizes(summary: Summary) -> Iterator[str]:
    """Yield a line for each prize, with a bar."""
    width = max((len(prize.id) for prize in summary.prizes), default=0)
    most = max((prize.drawn.p50 for prize in summary.prizes), default=0) or 1
    for prize in summary.prizes:
        drawn, granted, chance = prize.drawn.p50, prize.granted.p50, prize.chance
        bar = "█" * min(round(BAR * granted / most), BAR)
        bar += "░" * round(BAR * max(drawn - granted, 0) / most)
        yield (
            f"{prize.id:<{width}}  {drawn:>9.0f} drawn  {granted:>9.0f} granted  "
            f"{chance.estimate:8.4%} ({chance.low:.4%} to {chance.high:.4%})  {bar}"
        )


def _sold_out(prize: PrizeSummary, runs: int) -> Iterator[str]:
    if prize.sold_out is None:
        return
    low, middle, high = (
        timedelta(seconds=round(value))
        for value in (prize.sold_out.p5, prize.sold_out.p50, prize.sold_out.p95)
    )
    if runs == 1:
        yield f"{prize.id} sold out after {middle}"
    else:
        share = f"{prize.sold_out_runs:.0%} of the runs"
        yield f"{prize.id} sold out after {middle} ({low} to {high}), in {share}"


def _plan(summary: Summary) -> Iterator[str]:
    """Yield a line for each slice of time, if a prize has a release plan."""
    planned = list(summary.slices[-1].planned)
    if not planned:
        return
    yield "granted of released, up to each time:"
    for each in summary.slices:
        counts = "  ".join(
            f"{name} {_band(each.granted[name], summary.runs)}/{number(each.planned[name].p50)}"
            for name in planned
        )
        yield f"{each.until:%Y-%m-%d %H:%M}  {each.clicks.p50:>9.0f} clicks  {counts}"
    for prize in summary.prizes:
        if prize.off_plan is not None:
            yield f"{prize.id}: at most {prize.off_plan:.1%} off its plan"


def _players(summary: Summary, measure: str) -> Iterator[str]:
    shares = summary.players
    far = f", {shares.too_far:.2%} too far" if shares.too_far else ""
    yield f"{shares.winners:.2%} of the players win something"
    yield (
        f"{shares.refused:.2%} meet a refusal ({shares.cooldown:.2%} cooldown, "
        f"{shares.no_attempts:.2%} no attempts left{far}), {shares.sold_out:.2%} a prize sold out"
    )
    if len(summary.crowds) > 1:
        value = sum(each.value for each in summary.crowds.values()) or 1
        everyone = sum(each.players for each in summary.crowds.values()) or 1
        for name, each in summary.crowds.items():
            yield (
                f"{name}: {each.players / everyone:.1%} of the players get "
                f"{each.value / value:.1%} of all {measure}"
            )


def _band(band: Band, runs: int) -> str:
    if runs == 1 or band.p5 == band.p95:
        return number(band.p50)
    return f"{number(band.p50)} ({number(band.p5)} to {number(band.p95)})"
