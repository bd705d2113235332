"""The hunt files of ``examples/``, and the same hunts in seconds instead of days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hunt.core import compression
from hunt.core.campaign_file import parse_campaign
from hunt.core.crowds import UNIFORM, Shares
from hunt.core.definition import Definition
from hunt.core.hunt_file import parse
from hunt.core.time_slices import TimeSpan

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Players for whom the stocks of the examples are made.
PLAYERS = 20_000


@dataclass(frozen=True)
class Example:
    """A hunt to play, and its players."""

    name: str
    path: Path  #: what ``hunt apply`` takes
    definition: Definition
    clicks: int  #: of each player
    curve: tuple[float, ...] = (1.0,)
    crowd: Shares = field(default_factory=lambda: UNIFORM)
    spread: float = 0.004


def examples() -> list[Example]:
    """Return the examples; of the calendar, the doors that differ."""
    advent = EXAMPLES / "advent"
    doors = parse_campaign((advent / "campaign.toml").read_text("utf-8")).doors
    live, city = (EXAMPLES / f"{name}.toml" for name in ("live-stream", "city-weekend"))
    everywhere: Shares = {"uniform": 0.2, "hints": 0.8}
    return [
        Example("live-stream", live, _read(live), 5, curve=(4, 3, 2, 2, 3, 4)),
        Example("city-weekend", city, _read(city), 5, crowd=everywhere),
        *(
            Example(f"advent, door {each.number}", advent, each.definition, 3)
            for each in doors
            if each.number in {1, 6, 24}
        ),
    ]


def _read(path: Path) -> Definition:
    return parse(path.read_text("utf-8"))


def compressed(
    definition: Definition, starts: datetime, seconds: float, players: int
) -> Definition:
    """Return a hunt that begins at `starts` and lasts some seconds.

    Args:
        definition: The hunt of the file.
        starts: When it opens.
        seconds: How long it lasts.
        players: Number of players to whom stocks and plans are scaled.
    """
    pace = TimeSpan(definition).length.total_seconds() / seconds
    return compression.compressed(definition, starts, pace=pace, share=players / PLAYERS)
