"""The map of the expected value of a click, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from hunt.core.definition import Area, Definition
from hunt.core.expected_value import Grid, located, proportions
from hunt.core.maps import Map
from hunt.reports import png
from hunt.reports.plot import number

#: Width of the picture, in its own units.
WIDTH = 720

#: Height, at most; a tall map is drawn narrower.
MOST_HEIGHT = 720

#: Names of prizes in the picture, at most; more would cover the map.
MOST_NAMES = 40


class _Picture:
    """The picture of a map: north is up, except on maps whose ``y`` counts downwards."""

    def __init__(self, on: Map) -> None:
        wide, high = proportions(on)
        scale = min(WIDTH / wide, MOST_HEIGHT / high)
        self.wide, self.high = wide * scale, high * scale
        self._map = on
        self._is_down = on.unit == "size"

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a position."""
        on = self._map
        right, up = (x - on.west) / (on.east - on.west), (y - on.south) / (on.north - on.south)
        return right * self.wide, (up if self._is_down else 1 - up) * self.high

    def length(self, distance: float) -> float:
        """Return the length of a distance, measured from south to north."""
        on = self._map
        return distance / on.distance((on.west, on.south), (on.west, on.north)) * self.high

    def rows(self, values: Sequence[float], columns: int) -> list[float]:
        """Return values of a grid from the top row of the picture on."""
        starts = range(0, len(values), columns)
        rows = [values[start : start + columns] for start in starts]
        return [value for row in (rows if self._is_down else rows[::-1]) for value in row]


def figure(definition: Definition, grid: Grid, measure: str) -> str:
    """Return the figure of a map, or a sentence if the value is the same everywhere.

    Args:
        definition: The hunt.
        grid: Expected values of a click.
        measure: Unit of the values, such as "points".
    """
    most = f"{number(grid.highest)} {escape(measure)}"
    if min(grid.values) == grid.highest:
        return f"<p>A click is worth {most} on average, wherever it is.</p>"
    picture = _Picture(definition.map)
    wide, high = picture.wide, picture.high
    # The root shows the slopes around a narrow peak, which would be dark by equal steps.
    shares = [math.sqrt(max(each, 0.0) / grid.highest) for each in grid.values]
    image = png.data_url(picture.rows(shares, grid.columns), grid.columns)
    best = f"({number(grid.best[0])}, {number(grid.best[1])})"
    x, y = picture.place(*grid.best)
    cross = f"M{x - 9:.1f} {y:.1f}h18M{x:.1f} {y - 9:.1f}v18"
    label = f"Map of the expected value of a click: at most {most}, at {best}."
    return (
        f'<figure class="map"><svg viewBox="0 0 {wide:.0f} {high:.0f}" role="img" '
        f'style="max-width:{wide:.0f}px" aria-label="{label}">'
        f'<image href="{image}" width="{wide:.1f}" height="{high:.1f}" preserveAspectRatio="none"/>'
        f"{_rings(definition, picture)}"
        f'<path d="{cross}" class="edge"/><path d="{cross}" class="best"/></svg>'
        f"<figcaption>{_legend(grid, measure)}<p>The cross is the best position, {best}: a click "
        f"there is worth {most} on average, before stock and limits. Rings are areas, and peaks "
        "at their standard deviation.</p></figcaption></figure>"
    )


def _rings(definition: Definition, picture: _Picture) -> str:
    """Return a ring around each position, and the prize's name."""
    shown, named = [], located(definition)
    for prize, (at_x, at_y) in named:
        assert not isinstance(prize.odds, float | int)
        radius = prize.odds.within if isinstance(prize.odds, Area) else prize.odds.radius
        x, y = picture.place(at_x, at_y)
        size = max(picture.length(radius), 5)
        shown.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" class="ring"/>')
        if len(named) <= MOST_NAMES:
            left = x > picture.wide * 0.75
            at = x - size - 6 if left else x + size + 6
            anchor = "end" if left else "start"
            shown.append(
                f'<text x="{at:.1f}" y="{y + 5:.1f}" text-anchor="{anchor}" class="name">'
                f"{escape(prize.id)}</text>"
            )
    return "".join(shown)


def _legend(grid: Grid, measure: str) -> str:
    """Return the scale of the colours."""
    stops = ",".join("#{:02x}{:02x}{:02x}".format(*png.colour(at / 8)) for at in range(9))
    names = "".join(f"<span>{number(grid.highest * share * share)}</span>" for share in (0, 0.5, 1))
    return (
        f'<div class="legend"><div class="ramp" style="background:linear-gradient(90deg,{stops})">'
        f'</div><div class="ends">{names}</div>Expected {escape(measure)} of a click</div>'
    )
