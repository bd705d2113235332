"""The page of a replay: a finished hunt beside the same clicks under other rules."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from hunt.core.definition import Definition
from hunt.core.rerun import Outcome, Played
from hunt.plurals import plural
from hunt.reports.plot import head, number, path, ticks
from hunt.reports.simulation_page import STYLE, table

_WIDTH, _HEIGHT = 440, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 12, 28

KEY = (
    '<p class="key soft"><span><i class="m"></i> as played</span> '
    '<span><i class="p"></i> under other rules</span></p>'
)


def page(played: Played, other: Definition, before: Outcome, after: Outcome, limits: str) -> str:
    """Return the page.

    Args:
        played: The finished hunt.
        other: The other rules.
        before: Results of the clicks as played.
        after: Their results under the other rules.
        limits: Limits of the comparison, as text.
    """
    first, last = played.rows[0].at, played.rows[-1].at
    titles = {each.id: each.title for each in (*played.definition.prizes, *other.prizes)}
    sums = [
        ("clicks that count", before.counted, after.counted),
        ("players who win", before.winners, after.winners),
        ("points", before.points, after.points),
        *(
            (f"{title} granted", before.granted.get(prize, 0), after.granted.get(prize, 0))
            for prize, title in titles.items()
        ),
    ]
    rows = [[escape(name), f"{one:,}", f"{two:,}"] for name, one, two in sums]
    charts = "".join(
        _figure(
            title,
            [each.get(prize, 0) for each in before.parts],
            [each.get(prize, 0) for each in after.parts],
        )
        for prize, title in titles.items()
    )
    clicks = plural(len(played.rows), "click", shown=f"{len(played.rows):,}")
    return "\n".join(
        [
            head(f"Replay of {played.definition.title}", STYLE),
            f"<body><main><h1>{escape(played.definition.title)}</h1>",
            f'<p class="soft">{clicks} from {first:%Y-%m-%d %H:%M:%S} to '
            f"{last:%Y-%m-%d %H:%M:%S} UTC, as played and under other rules.</p>",
            f'<p class="warn">{escape(limits)}</p>',
            table("Sums", ("sum", "as played", "other rules"), rows),
            f"<h2>Grants over time</h2>{KEY}",
            f'<div class="cards">{charts}</div>',
            "</main></body></html>\n",
        ]
    )


def _figure(title: str, before: Sequence[int], after: Sequence[int]) -> str:
    top = max(*before, *after, 1) * 1.05

    def line(values: Sequence[int]) -> str:
        points = [0, *values]
        wide = (_WIDTH - _LEFT - _RIGHT) / (len(points) - 1)
        return path([(_LEFT + at * wide, _y(value, top)) for at, value in enumerate(points)])

    grid = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(value, top):.1f}" '
        f'y2="{_y(value, top):.1f}" class="grid"/><text x="{_LEFT - 6}" '
        f'y="{_y(value, top) + 4:.1f}" text-anchor="end">{number(value)}</text>'
        for value in ticks(top)
    )
    said = f"{title}: {before[-1]} granted as played, {after[-1]} under other rules."
    return (
        f'<figure class="card"><figcaption><b>{escape(title)}</b></figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">{grid}'
        f'<polyline points="{line(before)}" class="median"/>'
        f'<polyline points="{line(after)}" class="plan"/></svg></figure>'
    )


def _y(value: float, top: float) -> float:
    return _TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM)
