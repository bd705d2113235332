"""The definition of a hunt: map, times and prizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

MAX_PRIZES = 100


@dataclass(frozen=True, slots=True)
class Peak:
    """Odds that fall off around a secret position, as a Gaussian."""

    peak: float  #: probability at the position itself, 0 to 1
    at: tuple[float, float]  #: map units, inside the map; never shown to players
    radius: float  #: map units, > 0: the standard deviation

    @property
    def highest(self) -> float:
        """Probability at the position itself."""
        return self.peak

    def chance(self, squared: float) -> float:
        """Return the probability at a squared distance from the position."""
        return self.peak * math.exp(-squared / (2 * self.radius * self.radius))


@dataclass(frozen=True, slots=True)
class Area:
    """Odds that are the same everywhere within a circle, and 0 outside."""

    odds: float  #: probability within the circle, 0 to 1
    at: tuple[float, float]  #: map units, inside the map: the centre; never shown to players
    within: float  #: map units, > 0: the radius; the edge belongs to the circle

    @property
    def highest(self) -> float:
        """Probability within the circle."""
        return self.odds

    def chance(self, squared: float) -> float:
        """Return the probability at a squared distance from the centre."""
        return self.odds if squared <= self.within * self.within else 0.0


@dataclass(frozen=True, slots=True)
class Prize:
    """A prize that a click may win."""

    id: str  #: 1-64 of ``[a-z0-9-]``, unique in the hunt
    title: str
    points: int  #: >= 0
    odds: float | Peak | Area  #: probability, 0 to 1: constant, or by position
    stock: int | None  #: largest number of grants, >= 0; None: no limit
    per_player: int | None  #: largest number of grants to one player, >= 1; None: no limit


@dataclass(frozen=True, slots=True)
class Definition:
    """A hunt as defined by its author."""

    id: str  #: 1-64 of ``[a-z0-9-]``
    title: str
    width: float  #: map units, > 0
    height: float  #: map units, > 0
    opens_at: datetime | None  #: UTC
    closes_at: datetime | None  #: UTC, after `opens_at`
    cooldown: float  #: seconds, >= 0, from one counted click of a player to the next
    prizes: tuple[Prize, ...]  #: at most `MAX_PRIZES`; their odds sum to <= 1 at each position


def differences(old: Definition | None, new: Definition) -> list[str]:
    """Return one sentence for each difference between two definitions."""
    if old is None:
        return [f"hunt {new.id}: new, with {len(new.prizes)} prizes"]
    changes = []
    for name in ("title", "width", "height", "opens_at", "closes_at", "cooldown"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changes.append(f"hunt {new.id}: {name} {before} -> {after}")
    before_by_id = {prize.id: prize for prize in old.prizes}
    for prize in new.prizes:
        was = before_by_id.pop(prize.id, None)
        if was is None:
            changes.append(f"prize {prize.id}: new")
            continue
        for name in ("title", "points", "odds", "stock", "per_player"):
            before, after = getattr(was, name), getattr(prize, name)
            if before != after:
                changes.append(f"prize {prize.id}: {name} {before} -> {after}")
    changes.extend(f"prize {prize_id}: removed" for prize_id in before_by_id)
    return changes
