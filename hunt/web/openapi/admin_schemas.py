"""JSON bodies of the operator API as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.core.claims import RewardState
from hunt.core.hunts import Phase
from hunt.web.openapi.definition_schemas import Definition
from hunt.web.openapi.field_types import Id, NonNegative, Player, Time, Uuid
from hunt.web.openapi.reward_schemas import RewardChange


class AdminHuntSummary(Struct):
    """A hunt in the operators' list."""

    id: Id
    title: str
    state: Phase
    version: Annotated[int, Meta(ge=1)]
    epoch: str
    clicks: NonNegative
    test: Literal[True] | UnsetType = UNSET


class AdminHuntList(Struct):
    """All hunts, drafts included."""

    hunts: list[AdminHuntSummary]


class Stock(Struct):
    """Total and remaining stock of one prize; null means unlimited."""

    id: Id
    stock: NonNegative | None
    stock_left: NonNegative | None


class NewAnnouncement(Struct):
    """A message to everyone in a hunt; null withdraws the last one."""

    text: Annotated[str, Meta(min_length=1, max_length=500)] | None


class Announced(Struct):
    """The last announcement of a hunt."""

    number: Annotated[int, Meta(ge=1)]
    text: str | None
    at: Time


class StockList(Struct):
    """Stock of all prizes of a hunt."""

    prizes: list[Stock]


class AdminHunt(AdminHuntSummary, kw_only=True):
    """A hunt with its definition and stock; `changes` is present in responses to changes."""

    commitment: str
    definition: Definition
    prizes: list[Stock]
    changes: list[str] | UnsetType = UNSET


class HuntVersion(Struct):
    """One version of a definition, when it took effect, and the operator who made it."""

    version: Annotated[int, Meta(ge=1)]
    at: Time
    actor: str
    definition: Definition


class HuntVersionList(Struct):
    """All versions of a hunt, newest first."""

    versions: list[HuntVersion]


class DeletedHunt(Struct):
    """The id of the deleted hunt."""

    deleted: Id


class ExportedClick(Struct):
    """One click of a player, with its position."""

    hunt: Id
    seq: Annotated[int, Meta(ge=1)]
    id: Uuid
    x: float | None
    y: float | None
    prize: str | None
    points: NonNegative
    at: Time
    state: RewardState | None
    history: list[RewardChange]
    fields: dict[str, Any] | None
    test: Literal[True] | UnsetType = UNSET


class PlayerExport(Struct):
    """A page of a player's data; pass `next` as ``after``, null means the last page.

    `fields` of clicks are null for operators who may not read them. `records` are the rows of all
    other tables; only the last page has them, and only for operators of all hunts.
    """

    player: Player
    clicks: list[ExportedClick]
    next: str | None
    records: dict[str, list[dict[str, Any]]] | UnsetType = UNSET


class PlayerName(Struct):
    """The name of a player; `claimed`: from the token, `refused`: not shown."""

    player: Player
    name: str
    claimed: bool
    refused: bool


class PlayerNames(Struct):
    """At most 100 players whose names read alike."""

    names: list[PlayerName]


class NameRefusal(Struct, forbid_unknown_fields=True):
    """Whether the name is refused."""

    refused: bool


class Erasure(Struct):
    """Number of clicks that were erased, and the pseudonym that they carry now."""

    erased: NonNegative
    now: Player


class AuditEntry(Struct):
    """One action of an operator."""

    id: Annotated[int, Meta(ge=1)]
    at: Time
    actor: str
    action: str
    hunt: str | None
    detail: dict[str, Any]


class AuditPage(Struct):
    """A page of the audit trail, newest first; pass `next` as ``before``, null: last page."""

    entries: list[AuditEntry]
    next: int | None


class CodeStatus(Struct):
    """The numbers of codes of a prize, and the ids of the keys that encrypt them."""

    hunt: Id
    prize: Id
    loaded: NonNegative
    bound: NonNegative
    left: NonNegative
    keys: list[str]


class CodeStatusList(Struct):
    """The codes of each prize that has some."""

    codes: list[CodeStatus]


class NewCodes(Struct, forbid_unknown_fields=True):
    """Codes to load: all of them, or none."""

    codes: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1)]


class LoadedCodes(Struct):
    """How many codes were loaded, and how many the prize has now, bound or not."""

    loaded: NonNegative
    stock: NonNegative


class DrainStarted(Struct):
    """The process that drains now, and exits afterwards."""

    draining: bool
    process: int


class BreakerOverride(Struct, forbid_unknown_fields=True):
    """Hold the breaker open or closed; null releases it."""

    force: Literal["open", "closed"] | None


class BreakerState(Struct):
    """State of the breaker, and the number of processes that applied the change."""

    force: Literal["open", "closed"] | None
    state: Literal["open", "half-open", "closed"]
    processes: Annotated[int, Meta(ge=1)]
