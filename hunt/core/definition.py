"""The definition of a hunt: map, times and prizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hunt.core.claims import Claim, duration_text
from hunt.core.maps import Map
from hunt.core.page import Page, page_text
from hunt.plurals import plural

MAX_PRIZES = 100

#: Steps or moments of the release of one prize.
MAX_STEPS = 10_000


#: Ids of test hunts begin with it, and those of other hunts do not.
TEST_PREFIX = "test-"


def is_test(hunt: str) -> bool:
    """Return whether a hunt is a test hunt, by its id; its prizes are not fulfilled."""
    return hunt.startswith(TEST_PREFIX)


@dataclass(frozen=True, slots=True)
class Peak:
    """Odds that fall off around a secret position, as a Gaussian."""

    peak: float  #: probability at the position itself, 0 to 1
    at: tuple[float, float]  #: on the map; never shown to players
    radius: float  #: metres or map units, > 0: the standard deviation

    @property
    def highest(self) -> float:
        """Probability at the position itself."""
        return self.peak

    @property
    def reach(self) -> float:
        """Distance beyond which the probability is 0, because its exponential underflows."""
        return 39 * self.radius  # exp(-39² / 2) is below the smallest number

    def chance(self, squared: float) -> float:
        """Return the probability at a squared distance from the position."""
        return self.peak * math.exp(-squared / (2 * self.radius * self.radius))


@dataclass(frozen=True, slots=True)
class Area:
    """Odds that are the same everywhere within a circle, and 0 outside."""

    odds: float  #: probability within the circle, 0 to 1
    at: tuple[float, float]  #: on the map: the centre; never shown to players
    within: float  #: metres or map units, > 0: the radius; the edge belongs to the circle

    @property
    def highest(self) -> float:
        """Probability within the circle."""
        return self.odds

    @property
    def reach(self) -> float:
        """Distance beyond which the probability is 0."""
        return self.within

    def chance(self, squared: float) -> float:
        """Return the probability at a squared distance from the centre."""
        return self.odds if squared <= self.within * self.within else 0.0


@dataclass(frozen=True, slots=True)
class Even:
    """A release of the whole stock at an even rate from the prize's start to its end."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Winning moments: each releases one grant; drawn from the seed between start and end."""

    count: int  #: 1 to `MAX_STEPS`


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a release plan."""

    at: datetime  #: UTC
    total: int  #: grants that may have been made from then on, all earlier ones included


Release = Even | Moments | tuple[Step, ...]

#: How the page takes positions: a tap on the map, or the position of the device.
Source = Literal["tap", "device", "either"]

#: ``warmth``: the answer to a click without a prize has a step, see `hunt.core.hints`.
HintKind = Literal["none", "warmth"]

#: A calendar period in the hunt's time zone; a week begins on Monday; ``hunt``: all of it.
Per = Literal["hour", "day", "week", "hunt"]


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit for each player in a calendar period."""

    count: int  #: >= 1
    per: Per


@dataclass(frozen=True, slots=True)
class Prize:
    """A prize that a click may win."""

    id: str  #: 1-64 of ``[a-z0-9-]``, unique in the hunt
    title: str
    points: int  #: >= 0
    odds: float | Peak | Area  #: probability, 0 to 1: constant, or by position
    stock: int | None  #: largest number of grants, >= 0; None: no limit
    per_player: int | None  #: largest number of grants to one player, >= 1; None: no limit
    starts: datetime | None = None  #: UTC; no grant before it
    until: datetime | None = None  #: UTC, after `starts`; no grant from then on
    release: Release | None = None  #: how many may have been granted by when; None: the stock
    first: bool = False  #: the first click in its area after a release wins, without a draw
    void: bool = False  #: what a step released is lost at the next one, instead of kept
    overflow: str | None = None  #: prize that a draw gets once the stock is used up
    claim: Claim | None = None  #: how a winner claims it; None: it is sent without a claim
    codes: bool = False  #: each grant gets a code; the stock is the number of loaded codes

    @property
    def is_counted(self) -> bool:
        """Whether the database counts the grants of this prize."""
        return self.stock is not None or self.release is not None or self.codes


@dataclass(frozen=True, slots=True)
class Definition:
    """A hunt as defined by its author."""

    id: str  #: 1-64 of ``[a-z0-9-]``
    title: str
    map: Map
    opens_at: datetime | None  #: UTC
    closes_at: datetime | None  #: UTC, after `opens_at`
    cooldown: float  #: seconds, >= 0, from one counted click of a player to the next
    prizes: tuple[Prize, ...]  #: at most `MAX_PRIZES`; their odds sum to <= 1 at each position
    timezone: str = "UTC"  #: IANA name, for the periods of `attempts` and `max_wins`
    attempts: Quota | None = None  #: clicks of one player that count; None: no limit
    max_wins: Quota | None = None  #: grants of all prizes to one player; None: no limit
    max_accuracy: float | None = None  #: metres or map units, >= 1e-9; largest radius of error
    max_speed: float | None = None  #: metres or map units a second, >= 1e-9; None: no limit
    position: Source = "tap"  #: how the page takes positions
    retain: timedelta | None = None  #: how long players are kept after the end; None: for ever
    hints: HintKind = "none"  #: whether the answer to a click without a prize tells how near it was
    page: Page | None = None  #: look of its page; None: the harbour
    second_share: str | None = None  #: SHA-256 of a third party's share of the seed, in hex
    test: bool = False  #: not listed, its prizes are marked, and it can be deleted with its clicks

    def period(self, prize: Prize) -> tuple[datetime | None, datetime | None]:
        """Return the times between which a prize is granted; None without such a time."""
        return prize.starts or self.opens_at, prize.until or self.closes_at

    @property
    def has_rules(self) -> bool:
        """Whether grants depend on more than stock, limits of a prize, and the cooldown."""
        return self.max_wins is not None or any(
            prize.starts or prize.until or prize.release or prize.first or prize.overflow
            for prize in self.prizes
        )


_HUNT_FIELDS = (
    "title", "map", "opens_at", "closes_at", "cooldown", "timezone", "attempts",
    "max_wins", "max_accuracy", "max_speed", "position", "retain", "second_share",
    "hints", "page",
)  # fmt: skip
_PRIZE_FIELDS = (
    "title", "points", "odds", "stock", "per_player", "starts", "until", "release", "first",
    "void", "overflow", "claim", "codes",
)  # fmt: skip


def differences(old: Definition | None, new: Definition) -> list[str]:
    """Return one sentence for each difference between two definitions."""
    if old is None:
        return [f"hunt {new.id}: new, with {plural(len(new.prizes), 'prize')}"]
    changes = []
    for name in _HUNT_FIELDS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changes.append(f"hunt {new.id}: {name} {_shown(before)} -> {_shown(after)}")
    before_by_id = {prize.id: prize for prize in old.prizes}
    for prize in new.prizes:
        was = before_by_id.pop(prize.id, None)
        if was is None:
            changes.append(f"prize {prize.id}: new")
            continue
        for name in _PRIZE_FIELDS:
            before, after = getattr(was, name), getattr(prize, name)
            if before != after:
                label = "from" if name == "starts" else name
                changes.append(f"prize {prize.id}: {label} {_shown(before)} -> {_shown(after)}")
    changes.extend(f"prize {prize_id}: removed" for prize_id in before_by_id)
    return changes


def _shown(value: object) -> object:
    """Return a value of a definition as a person reads it."""
    match value:
        case Map(west, south, east, north, unit):
            size = f"{east:.15g} x {north:.15g}"
            return size if unit == "size" else f"[{west!r}, {south!r}, {east!r}, {north!r}] {unit}"
        case Quota(count, per):
            return f"{count} per {per}"
        case Claim(fields, until, retain):
            shown = duration_text(until) if isinstance(until, timedelta) else until
            return f"{plural(len(fields), 'field')}, until {shown}, retain {duration_text(retain)}"
        case timedelta():
            return duration_text(value)
        case Page():
            return page_text(value)
        case Even():
            return "even"
        case Moments(count):
            return plural(count, "moment")
        case (Step(), *steps):
            return plural(1 + len(steps), "step")
    return value
