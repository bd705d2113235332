"""A self-contained HTML page of figures, with plots."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import starmap

from hunt.bench.figure_table import Columns, rows
from hunt.bench.result import Result
from hunt.bench.run import percentile
from hunt.reports import plot

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 32, 16, 44
_COLOURS = ("#2563a8", "#c2571a", "#2f7d4f", "#8a3d8f", "#a07a00", "#5b6470")

#: Shares of all answers whose latency is plotted.
_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
_NAMED = {0.0: "min", 0.5: "p50", 0.9: "p90", 0.99: "p99", 0.999: "p99.9", 0.9999: "p99.99"}

Points = list[tuple[float, float]]


def page(title: str, columns: Columns, results: Sequence[Result], labels: Sequence[str]) -> str:
    """Return the page.

    Args:
        title: Title of the page.
        columns: Columns of the table.
        results: Results, each a row of the table and a line of each plot.
        labels: Label of each result.
    """
    head, *body = rows(columns, [result.figures for result in results])
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in body]
    problems = [problem for result in results for problem in result.problems]
    parts = [
        f'{plot.head(title)}<h1>{escape(title)}</h1><div class="scrolls"><table><tr>',
        "".join(f"<th scope=col>{escape(cell)}</th>" for cell in head),
        "</tr>",
        "".join(f"<tr>{line}</tr>" for line in lines),
        "</table></div>",
        "".join(f'<p class="bad">Failed: {escape(problem)}.</p>' for problem in problems)
        or "<p>All checks passed: no reward was lost, duplicated or sent to the wrong player.</p>",
    ]
    latencies = [(label, _latencies(result)) for label, result in zip(labels, results, strict=True)]
    if any(points for _, points in latencies):
        ticks = [(float(at), _NAMED[share]) for at, share in enumerate(_SHARES) if share in _NAMED]
        parts.append(_plot("Latency of the answers, milliseconds", latencies, ticks))
        rates = [(label, _rates(result)) for label, result in zip(labels, results, strict=True)]
        last = max((points[-1][0] for _, points in rates if points), default=0.0)
        seconds = [(at, f"{at:.0f} s") for at in plot.ticks(last)]
        parts.append(_plot("Settled clicks a second", rates, seconds))
    return "\n".join([*parts, "</html>\n"])


def _latencies(result: Result) -> Points:
    ordered = sorted(result.run.latencies)
    enough = [share for share in _SHARES if share == 0 or len(ordered) * (1 - share) >= 1]
    return [(at, percentile(ordered, share) * 1000) for at, share in enumerate(enough) if ordered]


def _rates(result: Result) -> Points:
    """Return clicks a second for each complete half second."""
    whole = int(result.run.seconds * 2)
    counts = [0] * whole
    for time in result.run.times:
        if 0 <= time * 2 < whole:
            counts[int(time * 2)] += 1
    return [((at + 1) / 2, count * 2.0) for at, count in enumerate(counts)]


def _plot(title: str, lines: Sequence[tuple[str, Points]], ticks: list[tuple[float, str]]) -> str:
    every = [point for _, points in lines for point in points]
    right = max(*(x for x, _ in every), ticks[-1][0], 1e-9)
    top = max(*(y * 1.05 for _, y in every), 1e-9)
    inner = _WIDTH - _LEFT - _RIGHT
    tall = _HEIGHT - _TOP - _BOTTOM
    left = min(*(x for x, _ in every), ticks[0][0])

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + (x - left) / (right - left) * inner, _TOP + tall - y / top * tall

    shown = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">']
    for value in plot.ticks(top):
        _, y = place(left, value)
        text = plot.number(value)
        shown.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="#8895a5" stroke-opacity=".3"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for at, name in ticks:
        x, _ = place(at, 0)
        shown.append(f'<text x="{x:.1f}" y="{_HEIGHT - 26}" text-anchor="middle">{name}</text>')
    for number, (label, points) in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        line = plot.path(list(starmap(place, points)))
        x = _LEFT + number * 150
        shown.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<rect x="{x}" y="{_HEIGHT - 14}" width="12" height="4" fill="{colour}"/>'
            f'<text x="{x + 18}" y="{_HEIGHT - 8}">{escape(label)}</text>'
        )
    return f"<figure><figcaption>{escape(title)}</figcaption>{''.join(shown)}</svg></figure>"
