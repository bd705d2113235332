"""JSON bodies of the state of a hunt as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.web.openapi.field_types import Id, NonNegative, State, Time, Title


class LivePrize(Struct):
    """A prize: its stock, and how much of it the release plan has released until now.

    `released` is null without a plan, and for winning moments, which are secret.
    """

    id: Id
    title: Title
    points: NonNegative
    stock: NonNegative | None
    stock_left: NonNegative | None
    plan: Literal["even", "steps", "moments"] | None
    released: NonNegative | None
    codes: bool


class LiveAnnouncement(Struct):
    """The last announcement, unless it was withdrawn."""

    text: str
    at: Time


class LiveHunt(Struct):
    """The present state of a hunt.

    A minute has its start (seconds since 1970), the clicks that counted, and the wins among them.
    Clicks are those of the node that answers, since it started; minutes without a click are left
    out.  `minutes` and `counted_since` are null while the supervisor process does not answer.
    """

    id: Id
    title: Title
    state: State | Literal["draft"]
    at: Time
    opens_at: Time | None
    closes_at: Time | None
    ended_at: Time | None
    clicks: NonNegative
    campaign: Id | None
    announcement: LiveAnnouncement | None
    prizes: list[LivePrize]
    minutes: list[Annotated[list[int], Meta(min_length=3, max_length=3)]] | None
    counted_since: Time | None
    test: Literal[True] | UnsetType = UNSET
