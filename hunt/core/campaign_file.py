"""Reading of a campaign's file: doors from what they have in common, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hunt.core.campaign import (
    MAX_DOORS,
    Campaign,
    CampaignDefinition,
    Door,
    door_id,
    read_campaign,
)
from hunt.core.form import Form
from hunt.core.hunt_file import from_tables, load
from hunt.errors import DefinitionError

#: Name of the file in a campaign's folder.
FILE = "campaign.toml"

_NAMES = frozenset(
    {"id", "title", "timezone", "doors", "first", "every", "closes", "streak", "preview"}
)
_PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class _Schedule:
    """When the doors of a campaign open."""

    zone: tzinfo
    first: datetime  #: without an offset, in `zone`
    every: str
    last: int  #: number of the last door
    ends_with_last: bool  #: whether all doors end together

    def opens(self, number: int) -> datetime:
        """Return when a door opens, in UTC."""
        step = _PERIODS[self.every] * (number - 1)
        if self.every == "hour":  # an hour is an hour, also over a change of clocks
            return self.absolute(self.first) + step
        return self.absolute(self.first + step)

    def closes(self, number: int) -> datetime:
        """Return when a door ends, in UTC."""
        return self.opens((self.last if self.ends_with_last else number) + 1)

    def absolute(self, local: datetime) -> datetime:
        """Return a time without an offset in UTC.

        Of a time that a change of clocks repeats the first one is meant; one that it skips is
        moved on.
        """
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def localized(self, value: object, number: int) -> object:
        """Return a time of the file with its offset; a time of day is on the door's day.

        Other values are returned as they are, for the form to report.
        """
        if isinstance(value, datetime):
            return self.absolute(value) if value.tzinfo is None else value
        if isinstance(value, time):
            day = self.opens(number).astimezone(self.zone).date()
            return self.absolute(datetime.combine(day, value))
        return self.absolute(_midnight(value)) if isinstance(value, date) else value


def is_campaign(text: str) -> bool:
    """Return whether a file describes a campaign.

    Raises:
        DefinitionError: The text is not TOML.
    """
    return "campaign" in load(text)


def parse_campaign(text: str) -> CampaignDefinition:
    """Return the campaign in a file.

    Raises:
        DefinitionError: The text has errors; lists all of them.
    """
    raw, form = load(text), Form()
    form.known("", raw, {"campaign", "hunt", "page", "prize", "door"})
    table = form.table("campaign", raw.get("campaign"))
    form.known("campaign.", table, _NAMES)
    campaign = read_campaign(form, table, "campaign.")
    schedule = _schedule(form, table, campaign.timezone)
    common = form.table("hunt", raw.get("hunt", {}))
    if "test" in common:
        form.wrong("hunt.test", "must be left out: a campaign has no test hunts")
    for name in ("id", "timezone"):
        if name in common:
            form.wrong(f"hunt.{name}", "must be left out: each door has it from the campaign")
    for name in ("opens_at", "closes_at"):
        if name in common and not isinstance(common[name], time):
            form.wrong(f"hunt.{name}", "must be a time of day, as in 08:00:00, for all doors")
    prizes = _prizes(form, "prize", raw.get("prize", []))
    special = _special(form, raw.get("door", []), schedule.last)
    form.finish()
    doors, seen = [], set()
    for number in range(1, schedule.last + 1):
        own = special.get(number, {})
        if own.get("absent") is True:
            continue
        try:
            tables = _tables(campaign, schedule, number, common, prizes, own)
            if "page" in raw:
                tables["page"] = _numbered(raw["page"], number)
            doors.append(Door(number, from_tables(tables)))
        except DefinitionError as exc:
            for error in exc.errors.items():
                if error not in seen:  # what the doors have in common is reported once
                    form.wrong(f"door {number}: {error[0]}", error[1])
                    seen.add(error)
    form.finish()
    if not doors:
        form.wrong("campaign.doors", "must leave at least one door that is not absent")
        form.finish()
    return CampaignDefinition(campaign, tuple(doors))


def _schedule(form: Form, table: Mapping[str, object], timezone: str) -> _Schedule:
    last = form.whole("campaign.doors", table.get("doors"), least=1)
    if last is None or last > MAX_DOORS:
        form.wrong("campaign.doors", f"must be a whole number, 1 to {MAX_DOORS}")
        last = 1
    first = table.get("first")
    if isinstance(first, date) and not isinstance(first, datetime):
        first = _midnight(first)
    if not isinstance(first, datetime) or first.tzinfo is not None:
        wrong = "must be a date, or a date and time without an offset, as in 2026-12-01T08:00:00"
        form.wrong("campaign.first", wrong)
        first = datetime(2000, 1, 1)
    elif not 1970 <= first.year <= 9900:  # leaves room for all doors
        form.wrong("campaign.first", "must be in a year from 1970 to 9900")
    every = form.choice("campaign.every", table.get("every", "day"), tuple(_PERIODS)) or "day"
    closes = form.choice("campaign.closes", table.get("closes", "next"), ("next", "last"))
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    return _Schedule(zone, first, every, last, closes == "last")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _special(form: Form, raw: object, last: int) -> dict[int, Mapping[str, object]]:
    """Return the tables ``[[door]]`` by number."""
    if not isinstance(raw, list):
        form.wrong("door", "must be tables [[door]]")
        return {}
    found: dict[int, Mapping[str, object]] = {}
    for index, each in enumerate(raw):
        where = f"door[{index}]"
        table = form.table(where, each)
        number = form.whole(f"{where}.number", table.get("number"), least=1)
        if number is None or number > last:
            form.wrong(f"{where}.number", f"must be the number of a door, 1 to {last}")
        elif number in found:
            form.wrong(f"{where}.number", f"door {number} has a table already")
        else:
            found[number] = table
        for name in ("id", "timezone"):
            if name in table:
                form.wrong(f"{where}.{name}", "must be left out: the campaign has it")
        form.flag(f"{where}.absent", table.get("absent", False))
        _prizes(form, f"{where}.prize", table.get("prize", []))
    return found


def _prizes(form: Form, field: str, raw: object) -> list[Mapping[str, object]]:
    if isinstance(raw, list) and all(isinstance(each, dict) for each in raw):
        return raw
    form.wrong(field, "must be a list of tables, one for each prize")
    return []


def _tables(
    campaign: Campaign,
    schedule: _Schedule,
    number: int,
    common: Mapping[str, object],
    prizes: Sequence[Mapping[str, object]],
    own: Mapping[str, object],
) -> dict[str, object]:
    """Return the tables of a door's hunt, in the form of a hunt file."""
    hunt = {
        "opens_at": schedule.opens(number),
        "closes_at": schedule.closes(number),
        **common,
        **{name: each for name, each in own.items() if name not in {"number", "absent", "prize"}},
        "id": door_id(campaign.id, number, schedule.last),
        "timezone": campaign.timezone,
    }
    for name in ("opens_at", "closes_at"):
        hunt[name] = schedule.localized(hunt[name], number)
    merged = {_key(index, each): each for index, each in enumerate(prizes)}
    added = own.get("prize", [])
    assert isinstance(added, list)
    merged |= {_key(len(prizes) + index, each): each for index, each in enumerate(added)}
    return {
        "hunt": _titled(hunt, number),
        "prize": [_prize(schedule, number, each) for each in merged.values()],
    }


def _key(index: int, prize: Mapping[str, object]) -> object:
    """Return the id of a prize; its index if it has none, which is reported later."""
    found = prize.get("id")
    return found if isinstance(found, str) else index


def _prize(schedule: _Schedule, number: int, raw: Mapping[str, object]) -> dict[str, object]:
    prize = _titled(raw, number)
    for name in ("from", "until"):
        if name in prize:
            prize[name] = schedule.localized(prize[name], number)
    release = prize.get("release")
    if isinstance(release, list):
        prize["release"] = [
            [schedule.localized(each[0], number), *each[1:]]
            if isinstance(each, list) and each
            else each
            for each in release
        ]
    return prize


def _numbered(page: object, number: int) -> object:
    """Return a copy of the table ``page`` whose titles have the number of the door."""
    if not isinstance(page, Mapping) or not isinstance(page.get("texts"), Mapping):
        return page
    texts = {
        language: _titled(each, number) if isinstance(each, Mapping) else each
        for language, each in page["texts"].items()
    }
    return {**page, "texts": texts}


def _titled(table: Mapping[str, object], number: int) -> dict[str, object]:
    """Return a copy of a table whose title has the number of the door."""
    title = table.get("title")
    if isinstance(title, str):
        return {**table, "title": title.replace("{door}", str(number))}
    return dict(table)
