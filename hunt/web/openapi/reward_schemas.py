"""JSON bodies of the operators' routes of rewards and winners; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.core.claims import RewardState
from hunt.web.openapi.field_types import Id, NonNegative, Player, Time, Uuid


class RewardChange(Struct):
    """One change of the state of a reward; `actor` is null if the player claimed it."""

    number: Annotated[int, Meta(ge=1)]
    state: RewardState
    at: Time
    actor: str | None
    reason: str | None


class _WonReward(Struct):
    """A reward that won a prize, as operators see it."""

    seq: Annotated[int, Meta(ge=1)]
    id: Uuid
    player: Player
    prize: Id
    points: NonNegative
    at: Time
    x: float | None
    y: float | None
    state: RewardState


class AdminReward(_WonReward):
    """A reward with its state; `fields` are those of its claim, for those who may read them."""

    history: list[RewardChange]
    fields: dict[str, Any] | UnsetType | None = UNSET
    test: Literal[True] | UnsetType = UNSET


Seqs = Annotated[list[Annotated[int, Meta(ge=1, lt=10**18)]], Meta(min_length=1, max_length=1000)]


class SentRewards(Struct, forbid_unknown_fields=True):
    """Rewards to mark as sent."""

    seqs: Seqs


class VoidRewards(Struct, forbid_unknown_fields=True):
    """Rewards to void: `seqs`, or all of a `player` that are not sent."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    seqs: Seqs | UnsetType = UNSET
    player: Player | UnsetType = UNSET


class AskedReward(Struct):
    """A reward that is in the new state, and its state before the request."""

    seq: Annotated[int, Meta(ge=1)]
    before: RewardState


class ChangedRewards(Struct):
    """The rewards that are in the new state, and the number of skipped ones, which are sent."""

    state: Literal["sent", "void"]
    rewards: list[AskedReward]
    skipped: NonNegative


class Winner(_WonReward):
    """A click that won a prize, with its player, its position, and its code if it has one."""

    claimed_at: Time | None
    sent_at: Time | None
    code: str | None
    fields: dict[str, Any] | UnsetType | None = UNSET


class WinnerPage(Struct):
    """A page of winners, perhaps empty; pass `next` as ``after``, null means the last page."""

    winners: list[Winner]
    next: int | None
