"""What operators see and send, as types, for `/openapi.json`; see `hunt.web.openapi.shapes`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.core.hunts import Phase
from hunt.web.openapi.shapes import Definition, Id, Player, Time, Uuid, Whole


class Standing(Struct):
    """A hunt in the list of operators."""

    id: Id
    title: str
    state: Phase
    version: Annotated[int, Meta(ge=1)]
    epoch: str
    clicks: Whole


class AllHunts(Struct):
    """All hunts, drafts too."""

    hunts: list[Standing]


class Stock(Struct):
    """Of one prize, how many there are in all, and how many are left; null is without end."""

    id: Id
    stock: Whole | None
    stock_left: Whole | None


class Stocks(Struct):
    """Of all prizes of a hunt."""

    prizes: list[Stock]


class Managed(Standing):
    """A hunt with all that operators know of it; `changes` follow a change."""

    commitment: str
    definition: Definition
    prizes: list[Stock]
    changes: list[str] | UnsetType = UNSET


class Version(Struct):
    """What a hunt was from some moment on."""

    version: Annotated[int, Meta(ge=1)]
    at: Time
    actor: str
    definition: Definition


class Versions(Struct):
    """All versions of a hunt, the newest first."""

    versions: list[Version]


class Deleted(Struct):
    """The id of the hunt that was deleted."""

    deleted: Id


class Clicked(Struct):
    """One click of a player, with its place."""

    hunt: Id
    seq: Annotated[int, Meta(ge=1)]
    id: Uuid
    x: float
    y: float
    prize: str | None
    points: Whole
    at: Time


class Export(Struct):
    """A page of what is known of a player; `next` goes into ``after``, null is the end."""

    player: Player
    clicks: list[Clicked]
    next: str | None


class Erased(Struct):
    """How many clicks are nobody's now, and the random name they have."""

    erased: Whole
    now: Player


class Entry(Struct):
    """One thing that an operator did."""

    id: Annotated[int, Meta(ge=1)]
    at: Time
    actor: str
    action: str
    hunt: str | None
    detail: dict[str, Any]


class Audit(Struct):
    """The audit trail, the newest first; `next` goes into ``before``, null is the end."""

    entries: list[Entry]
    next: int | None


class Draining(Struct):
    """This process ends when it has drained."""

    draining: bool
    process: int


class Force(Struct, forbid_unknown_fields=True):
    """Hold the breaker open or closed; null lets go of it."""

    force: Literal["open", "closed"] | None


class Forced(Struct):
    """How the breaker is now, and how many processes heard of it."""

    force: Literal["open", "closed"] | None
    state: Literal["open", "half-open", "closed"]
    processes: Annotated[int, Meta(ge=1)]


ALL: tuple[type[Struct], ...] = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Struct) and value.__module__ == __name__
)
