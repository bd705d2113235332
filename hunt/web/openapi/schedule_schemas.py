"""JSON bodies of schedules as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.web.openapi.field_types import EntryId, Id, Time

Action = Literal["open", "pause", "resume", "close", "release", "announce"]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Within = Annotated[float, Meta(gt=0, le=366 * 86400)]


class ScheduleEntry(Struct):
    """An act of an operator at a later time."""

    id: EntryId
    at: Time
    action: Action
    text: Text | None
    prize: Id | None
    count: Count | None
    within: Within | None
    state: Literal["waiting", "done", "failed", "dropped"]
    actor: str
    created_at: Time
    settled_at: Time | None
    late: float | None
    reason: str | None


class Schedule(Struct):
    """The entries of a hunt, by time."""

    entries: list[ScheduleEntry]


class DoorScheduleEntry(ScheduleEntry):
    """An entry of a door of a campaign."""

    hunt: Id


class CampaignSchedule(Struct):
    """The entries of all doors of a campaign, by time."""

    entries: list[DoorScheduleEntry]


class NewScheduleEntry(Struct, forbid_unknown_fields=True):
    """An entry to be added.

    `text` belongs to `announce`, and null withdraws the last one. `prize` and `count` belong to
    `release`. An entry that is later than `within` seconds is dropped.
    """

    at: Time
    action: Action
    text: Text | UnsetType | None = UNSET
    prize: Id | UnsetType | None = UNSET
    count: Count | UnsetType | None = UNSET
    within: Within | UnsetType | None = UNSET
