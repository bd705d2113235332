"""A plot of the grants of one prize by time, beside its release plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from hunt.core.simulation_summary import Hour, PrizeSummary
from hunt.core.time_slices import TimeSpan
from hunt.reports.plot import number, path, ticks

_WIDTH, _HEIGHT = 440, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 12, 28

#: Times named below the plot, about.
_TIMES = 4


class _Frame:
    """The axes of a plot: time to the right, grants upwards."""

    def __init__(self, span: TimeSpan, slices: Sequence[Hour], top: float) -> None:
        self._span = span
        self._ends = [each.until for each in slices]
        self._top = top

    def x(self, at: datetime) -> float:
        """Return the place of a time."""
        return _LEFT + (at - self._span.starts) / self._span.length * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a number of grants."""
        return _TOP + (1 - value / self._top) * (_HEIGHT - _TOP - _BOTTOM)

    def line(self, values: Sequence[float]) -> list[tuple[float, float]]:
        """Return the points of the values at the ends of the slices, from 0 at the opening."""
        ends = zip(map(self.x, self._ends), map(self.y, values), strict=True)
        return [(self.x(self._span.starts), self.y(0)), *ends]

    def axes(self) -> str:
        """Return the grid and its labels."""
        rows = (
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{self.y(value):.1f}" '
            f'y2="{self.y(value):.1f}" class="grid"/><text x="{_LEFT - 6}" '
            f'y="{self.y(value) + 4:.1f}" text-anchor="end">{number(value)}</text>'
            for value in ticks(self._top)
        )
        times = [self._span.starts, *self._ends]
        by_hour = self._span.length.total_seconds() <= 86400
        form = "%H:%M" if by_hour else "%d %b"
        columns = (
            f'<text x="{self.x(at):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{at:{form}}</text>'
            for at in times[:: max((len(times) - 1) // _TIMES, 1)]
        )
        return "".join([*rows, *columns])


def figure(prize: PrizeSummary, title: str, span: TimeSpan, slices: Sequence[Hour]) -> str:
    """Return the figure of a prize.

    Args:
        prize: The prize, over all runs.
        title: Its title.
        span: Time of the hunt.
        slices: All slices of it.
    """
    bands = [each.granted[prize.id] for each in slices]
    plans = [each.planned[prize.id].p50 for each in slices if prize.id in each.planned]
    frame = _Frame(span, slices, max([band.p95 for band in bands] + plans + [1.0]) * 1.05)
    low = frame.line([band.p5 for band in bands])
    high = frame.line([band.p95 for band in bands])
    median = frame.line([band.p50 for band in bands])
    plan = f'<polyline points="{path(frame.line(plans))}" class="plan"/>' if plans else ""
    planned = f", {number(plans[-1])} planned" if plans else ""
    said = f"{title}: {number(bands[-1].p50)} granted at the end{planned}."
    off = "" if prize.off_plan is None else f"at most {prize.off_plan:.1%} off its plan"
    return (
        f'<figure class="card"><figcaption><b>{escape(title)}</b> <span>{off}</span></figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f"{frame.axes()}"
        f'<polygon points="{path([*low, *reversed(high)])}" class="band"/>'
        f'<polyline points="{path(median)}" class="median"/>{plan}</svg></figure>'
    )
