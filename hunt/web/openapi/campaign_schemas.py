"""JSON bodies of campaigns as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.core.campaign import DoorState, Streak
from hunt.web.openapi.admin_schemas import AdminHuntSummary
from hunt.web.openapi.definition_schemas import Definition
from hunt.web.openapi.field_types import Id, NonNegative, Time
from hunt.web.openapi.schemas import LeaderboardEntry, Prize, PublicPage, Reward

DoorNumber = Annotated[int, Meta(ge=1, le=100)]


class CampaignSummary(Struct):
    """A campaign in the list of campaigns."""

    id: Id
    title: str
    state: DoorState
    opens_at: Time | None
    closes_at: Time | None


class CampaignList(Struct):
    """All campaigns that have a door which is not a draft."""

    campaigns: list[CampaignSummary]


class DoorTitles(Struct):
    """The title of a door, and those of its prizes by their ids, in one language."""

    title: str | UnsetType = UNSET
    prize: dict[str, str] | UnsetType = UNSET


class CampaignDoor(Struct):
    """A door, with its titles by language (BCP 47) where the file has some.

    `prizes`, and `prize` in `texts`, are absent before it opens, unless the campaign has a preview.
    """

    door: DoorNumber
    hunt: Id
    title: str
    state: DoorState
    opens_at: Time | None
    closes_at: Time | None
    prizes: list[Prize] | UnsetType = UNSET
    texts: dict[str, DoorTitles] | UnsetType = UNSET


class Campaign(CampaignSummary):
    """A campaign with its doors, in order."""

    timezone: str
    streak: Streak
    doors: list[CampaignDoor]
    page: PublicPage | UnsetType = UNSET


class CampaignReward(Reward, kw_only=True):
    """A reward, and the door in which it was won."""

    door: DoorNumber
    hunt: Id


class CampaignRewardPage(Struct):
    """A page of rewards over all doors; pass `next` as ``after``, null means the last page."""

    rewards: list[CampaignReward]
    next: str | None


class OwnStreak(Struct):
    """Doors of the streak that ends at the latest door, and of the longest one."""

    current: NonNegative
    longest: NonNegative


class OwnDoor(Struct):
    """The wins of the player in a door."""

    door: DoorNumber
    hunt: Id
    played: bool
    wins: NonNegative
    points: NonNegative


class CampaignStanding(Struct):
    """The player's points, wins and streak over all doors."""

    campaign: Id
    points: NonNegative
    wins: NonNegative
    streak: OwnStreak
    doors: list[OwnDoor]


class OwnRank(Struct):
    """The player's place; `rank` is null beyond the first 10,000."""

    rank: Annotated[int, Meta(ge=1)] | None
    points: NonNegative
    wins: NonNegative


class CampaignLeaderboard(Struct):
    """The players with the most points over all doors; `you` is null without a player or a win."""

    campaign: Id
    leaders: list[LeaderboardEntry]
    you: OwnRank | None


class AdminDoorSummary(AdminHuntSummary, kw_only=True):
    """A door in the operators' list."""

    door: DoorNumber
    opens_at: Time | None
    closes_at: Time | None


class AdminCampaignSummary(Struct):
    """A campaign with the states of its doors; `changed` is present in responses to changes."""

    id: Id
    title: str
    doors: list[AdminDoorSummary]
    changed: list[Id] | UnsetType = UNSET


class AdminCampaignList(Struct):
    """All campaigns, drafts included."""

    campaigns: list[AdminCampaignSummary]


class DoorDefinition(Struct):
    """The definition of a door; its id is the campaign's, a hyphen, and the number."""

    door: DoorNumber
    definition: Definition


class CampaignDefinition(Struct):
    """A campaign with all its doors; a door that is left out is deleted."""

    title: str
    doors: Annotated[list[DoorDefinition], Meta(min_length=1, max_length=100)]
    timezone: str = "UTC"
    streak: Literal["played", "won"] = "played"
    preview: bool = False


class AdminCampaign(CampaignDefinition, kw_only=True):
    """A campaign with its definitions; `changes` is present in responses to changes."""

    id: Id
    changes: list[str] | UnsetType = UNSET


class DeletedCampaign(Struct):
    """The ids of the deleted campaign and of its doors."""

    deleted: Id
    hunts: list[Id]
