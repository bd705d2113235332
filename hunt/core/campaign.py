"""A campaign: several hunts, its doors, under one id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

from hunt.core import rule_form
from hunt.core.definition import Definition
from hunt.core.form import Form
from hunt.core.hunt_file import from_json, to_json
from hunt.errors import DefinitionError

if TYPE_CHECKING:
    from hunt.core.hunts import Hunt

MAX_DOORS = 100

#: Doors that count for a streak.
Streak = Literal["played", "won"]

#: As shown to players.
DoorState = Literal["coming", "open", "paused", "over"]


class Campaign(Struct, frozen=True):
    """The common properties of the doors of a campaign."""

    id: str  #: 1-64 of ``[a-z0-9-]``; no hunt has it
    title: str
    timezone: str = "UTC"  #: IANA name
    streak: Streak = "played"
    preview: bool = False  #: whether the prizes of a door are shown before it opens


@dataclass(frozen=True, slots=True)
class Door:
    """One hunt of a campaign."""

    number: int  #: 1 to `MAX_DOORS`, unique in the campaign
    definition: Definition


@dataclass(frozen=True, slots=True)
class CampaignDefinition:
    """A campaign as defined by its author."""

    campaign: Campaign
    doors: tuple[Door, ...]  #: by number


def door_id(campaign: str, number: int, doors: int) -> str:
    """Return the id of the hunt of a door in a campaign of `doors` doors."""
    return f"{campaign}-{number:0{3 if doors >= 100 else 2}}"


def door_state(hunt: Hunt, now: datetime) -> DoorState | None:
    """Return the state of a door to show at a time of the database's clock; None for a draft."""
    if hunt.state == "draft":
        return None
    if hunt.state == "closed" or hunt.is_due(now):
        return "over"
    opens = hunt.definition.opens_at
    if opens is not None and now < opens:
        return "coming"
    return hunt.state


def hides_prizes(hunt: Hunt, now: datetime) -> bool:
    """Return whether players may not know the prizes: of a door that is coming, without preview."""
    campaign = hunt.campaign
    return campaign is not None and not campaign.preview and door_state(hunt, now) == "coming"


def campaign_state(doors: Iterable[str]) -> DoorState:
    """Return the state of a campaign whose doors have these states."""
    found = set(doors)
    if found <= {"over"}:
        return "over"
    return "coming" if found == {"coming"} else "open"


def grouped(hunts: Iterable[Hunt]) -> dict[str, list[Hunt]]:
    """Return the hunts of each campaign by its id, in the order of the doors."""
    found: dict[str, list[Hunt]] = {}
    for hunt in hunts:
        if hunt.campaign is not None:
            found.setdefault(hunt.campaign.id, []).append(hunt)
    for doors in found.values():
        doors.sort(key=lambda each: each.door or 0)
    return dict(sorted(found.items()))


def differences(old: Campaign | None, new: Campaign) -> list[str]:
    """Return one sentence for each difference between two campaigns, without their doors."""
    if old is None:
        return [f"campaign {new.id}: new"]
    return [
        f"campaign {new.id}: {name} {getattr(old, name)} -> {getattr(new, name)}"
        for name in ("title", "timezone", "streak", "preview")
        if getattr(old, name) != getattr(new, name)
    ]


def read_campaign(form: Form, table: Mapping[str, object], prefix: str) -> Campaign:
    """Return the fields of a campaign in a table of a file or of JSON."""
    streak = form.choice(f"{prefix}streak", table.get("streak", "played"), get_args(Streak))
    return Campaign(
        id=form.identifier(f"{prefix}id", table.get("id")),
        title=form.title(f"{prefix}title", table.get("title")),
        timezone=rule_form.timezone(form, f"{prefix}timezone", table.get("timezone", "UTC")),
        streak=streak or "played",  # type: ignore[arg-type]
        preview=form.flag(f"{prefix}preview", table.get("preview", False)),
    )


def campaign_to_json(campaign: Campaign, doors: Sequence[Door]) -> dict[str, object]:
    """Return a campaign with the definitions of its doors as plain JSON values."""
    return {
        "id": campaign.id,
        "title": campaign.title,
        "timezone": campaign.timezone,
        "streak": campaign.streak,
        "preview": campaign.preview,
        "doors": [{"door": door.number, "definition": to_json(door.definition)} for door in doors],
    }


def campaign_from_json(raw: Mapping[str, object]) -> CampaignDefinition:
    """Return the campaign in `raw`, which has the form that `campaign_to_json` returns.

    Raises:
        DefinitionError: It has errors; lists all of them.
    """
    form = Form()
    form.known("", raw, {"id", "title", "timezone", "streak", "preview", "doors"})
    campaign = read_campaign(form, raw, "")
    given = raw.get("doors")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_DOORS:
        form.wrong("doors", f"must be a list of 1 to {MAX_DOORS} doors")
        given = []
    doors: dict[int, Door] = {}
    for index, each in enumerate(given):
        where = f"doors[{index}]"
        table = form.table(where, each)
        form.known(f"{where}.", table, {"door", "definition"})
        number = form.whole(f"{where}.door", table.get("door"), least=1)
        if number is None or number > MAX_DOORS or number in doors:
            form.wrong(f"{where}.door", f"must be a number from 1 to {MAX_DOORS}, used once")
            continue
        try:
            definition = from_json(form.table(f"{where}.definition", table.get("definition")))
        except DefinitionError as exc:
            for field, wrong in exc.errors.items():
                form.wrong(f"{where}.definition.{field.removeprefix('hunt.')}", wrong)
            continue
        ids = [door_id(campaign.id, number, doors) for doors in (1, MAX_DOORS)]
        if definition.id not in ids:
            form.wrong(f"{where}.definition.id", f"must be {ids[0]}")
        doors[number] = Door(number, definition)
    form.finish()
    return CampaignDefinition(campaign, tuple(doors[number] for number in sorted(doors)))
