"""JSON bodies of webhooks as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.core.webhooks import LEAST_PATIENCE, MOST_KEEP, MOST_PATIENCE, FollowedLog
from hunt.web.openapi.field_types import Id, NonNegative, Time

Url = Annotated[str, Meta(max_length=2000, examples=["https://shop.example/hunt"])]
Patience = Annotated[int, Meta(ge=LEAST_PATIENCE, le=MOST_PATIENCE)]
Prizes = Annotated[list[Id], Meta(min_length=1, max_length=1000)]
Seq = Annotated[int, Meta(ge=1, le=2**62)]


class NewWebhook(Struct, forbid_unknown_fields=True):
    """An endpoint to create."""

    url: Url
    log: FollowedLog | UnsetType = UNSET
    events: Literal["wins", "clicks"] | UnsetType = UNSET
    prizes: Prizes | UnsetType | None = UNSET
    patience: Patience | UnsetType = UNSET
    from_seq: Seq | UnsetType | None = UNSET


class WebhookChange(Struct, forbid_unknown_fields=True):
    """New values of an endpoint, at least one."""

    url: Url | UnsetType = UNSET
    events: Literal["wins", "clicks"] | UnsetType = UNSET
    prizes: Prizes | UnsetType | None = UNSET
    patience: Patience | UnsetType = UNSET
    stopped: bool | UnsetType = UNSET


class Webhook(Struct):
    """An endpoint with its progress; `secret` is present only after a creation or rotation."""

    id: Annotated[int, Meta(ge=1)]
    hunt: Id
    url: str
    log: FollowedLog
    events: Literal["wins", "clicks"]
    prizes: list[Id] | None
    patience: int
    created_at: Time
    stopped: Literal["operator", "gone"] | None
    seq: NonNegative
    behind: NonNegative
    lag: Annotated[float, Meta(ge=0)]
    attempts: NonNegative
    failing_since: Time | None
    next_attempt: Time | None
    last_attempt: Time | None
    last_status: int | None
    last_error: str | None
    dead: NonNegative
    secret: str | UnsetType = UNSET
    skipped: int | UnsetType = UNSET


class WebhookList(Struct):
    """Endpoints, ordered by id."""

    webhooks: list[Webhook]


class DeletedWebhook(Struct):
    """The id of the removed endpoint."""

    deleted: int


class Rotation(Struct, forbid_unknown_fields=True):
    """Seconds for which the former secret also signs."""

    keep: Annotated[int, Meta(ge=0, le=MOST_KEEP)] | UnsetType = UNSET


class WebhookTest(Struct):
    """The answer of the receiver to a test; `status` is null if there was none."""

    delivered: bool
    status: int | None
    seconds: float
    error: str | None


class DeadLetter(Struct):
    """An event that was skipped."""

    seq: Annotated[int, Meta(ge=1)]
    at: Time
    attempts: NonNegative
    status: int | None
    error: str | None
    replay: bool


class DeadLetterPage(Struct):
    """A page of dead letters; pass `next` as ``after``, null means the last page."""

    dead: list[DeadLetter]
    next: int | None


class Replay(Struct, forbid_unknown_fields=True):
    """Events to send again: either all from a seq, or dead letters."""

    from_seq: Seq | UnsetType = UNSET
    dead: Annotated[list[Seq], Meta(min_length=1, max_length=1000)] | Literal["all"] | UnsetType = (
        UNSET
    )
