"""The form that a prize asks its winner to fill in, and durations as hunt files write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hunt.core.key_ring import context

#: Largest number of fields of one form.
MAX_FIELDS = 20

#: Largest number of characters of one field.
MAX_LENGTH = 1000

#: Largest duration, about a century.
MAX_DURATION = timedelta(days=36_500)

Kind = Literal["text", "lines", "email", "phone", "country", "date", "consent"]

#: Present state of a reward.
RewardState = Literal["granted", "claimed", "sent", "void"]

_UNITS = {
    "year": timedelta(days=365),
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
}

#: A duration, as `parse_duration` reads it.
DURATION = r"[0-9]{1,6} (minute|hour|day|week|year)s?"
_DURATION = re.compile(DURATION, re.ASCII)


@dataclass(frozen=True, slots=True)
class ClaimField:
    """A field of a form."""

    name: str  #: 1-64 of ``[a-z0-9-]``, unique in the form
    label: str  #: text for players
    kind: Kind = "text"
    required: bool = False
    max: int = 200  #: characters, 1 to `MAX_LENGTH`


#: How long the fields of a claim are kept, unless the hunt file says otherwise.
RETAIN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Claim:
    """How a prize is claimed."""

    fields: tuple[ClaimField, ...] = ()  #: at most `MAX_FIELDS`; none: the player only confirms
    until: datetime | timedelta | None = None  #: a time in UTC, or from the win on; None: no limit
    retain: timedelta = RETAIN  #: how long the fields are kept, from the last claim on


def parse_duration(text: str) -> timedelta | None:
    """Return the duration in a text such as ``14 days``; None if it is none, or too long."""
    if _DURATION.fullmatch(text) is None:
        return None
    number, unit = text.split(" ")
    found = int(number) * _UNITS[unit.removesuffix("s")]
    return found if timedelta(0) < found <= MAX_DURATION else None


def duration_text(duration: timedelta) -> str:
    """Return a duration of whole minutes as `parse_duration` reads it."""
    for unit, length in _UNITS.items():
        number, rest = divmod(duration, length)
        if not rest:
            return f"{number} {unit}{'' if number == 1 else 's'}"
    raise ValueError(f"{duration} is not a whole number of minutes")


def sealing_context(hunt: str, seq: int) -> bytes:
    """Return the context in which the fields of a claim are sealed.

    Args:
        hunt: Id of the hunt.
        seq: Seq of the reward.
    """
    return context("claim", hunt, seq)
