"""JSON bodies of bans as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.web.openapi.field_types import BanId, Id, NonNegative, Player, Time


class Ban(Struct):
    """A player, or a network, that may not play; one of the two is null."""

    id: BanId
    player: Player | None
    network: str | None
    hunt: Id | None
    reason: Annotated[str, Meta(max_length=200)]
    until: Time | None
    at: Time
    actor: str


class NewlyBanned(Ban):
    """A ban that was added, and the number of rewards that were voided with it."""

    voided: NonNegative


class BanList(Struct):
    """The bans in force, oldest first."""

    bans: list[Ban]


class NewBan(Struct, forbid_unknown_fields=True):
    """A ban to be added: `player` or `network`, never both.

    Without `hunt` it is for all hunts, and without `seconds` it has no end.
    """

    player: Player | UnsetType = UNSET
    network: str | UnsetType = UNSET
    hunt: Id | UnsetType | None = UNSET
    reason: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    seconds: Annotated[float, Meta(gt=0)] | UnsetType | None = UNSET
    void: bool | UnsetType = UNSET
