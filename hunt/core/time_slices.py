"""The time of a simulated hunt, and its parts: hours, or the days of a long one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from hunt.core.definition import Definition

#: When a hunt without `opens_at` opens.
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)

WIDTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}

#: Hunts that last longer are divided into days, not into hours.
LONG = timedelta(hours=48)

Slice = Literal["hour", "day"]


class TimeSpan:
    """The time from the opening of a hunt to its end, and its slices.

    Args:
        definition: The hunt; without `opens_at` or `closes_at` it lasts one day.
        by: Width of a slice; None: by the length of the hunt.
    """

    def __init__(self, definition: Definition, by: Slice | None = None) -> None:
        day, ends = timedelta(days=1), definition.closes_at
        self.starts = definition.opens_at or (ends - day if ends else UNDATED)
        self.ends = ends or self.starts + day
        self.length = self.ends - self.starts
        self.by: Slice = by or ("hour" if self.length <= LONG else "day")

    def bounds(self) -> list[datetime]:
        """Return the end of each slice, in the order of time; the last is the hunt's end."""
        found = []
        until = self.starts + WIDTHS[self.by]
        while until < self.ends:
            found.append(until)
            until += WIDTHS[self.by]
        return [*found, self.ends]
