"""Campaign files: doors from what they have in common, at the times of their zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from hunt.core.campaign import (
    Campaign,
    CampaignDefinition,
    campaign_from_json,
    campaign_to_json,
    differences,
)
from hunt.core.campaign_file import is_campaign, parse_campaign
from hunt.core.definition import Step
from hunt.core.hunt_file import parse
from hunt.errors import DefinitionError
from tests.support.wrong_fields import wrong_fields

BEGIN = '[campaign]\nid = "advent"\ntitle = "Advent"\n'
BERLIN = BEGIN + 'timezone = "Europe/Berlin"\n'
HUNT = '[hunt]\ntitle = "Door {door}"\nmap = { width = 6, height = 4 }\n'
COIN = '[[prize]]\nid = "coin"\ntitle = "Coin {door}"\nodds = 0.5\n'
HOUR = timedelta(hours=1)


def times(found: CampaignDefinition) -> list[tuple[datetime | None, datetime | None]]:
    return [(each.definition.opens_at, each.definition.closes_at) for each in found.doors]


errors = partial(wrong_fields, parse_campaign)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_doors_are_made_from_what_they_have_in_common() -> None:
    found = parse_campaign(f"{BERLIN}doors = 3\nfirst = 2030-12-01\n{HUNT}{COIN}")
    assert [(each.number, each.definition.id) for each in found.doors] == [
        (1, "advent-01"), (2, "advent-02"), (3, "advent-03"),
    ]  # fmt: skip
    assert [each.definition.title for each in found.doors] == ["Door 1", "Door 2", "Door 3"]
    assert [each.definition.prizes[0].title for each in found.doors][-1] == "Coin 3"
    assert {each.definition.timezone for each in found.doors} == {"Europe/Berlin"}
    assert times(found)[0] == (utc(2030, 11, 30, 23), utc(2030, 12, 1, 23))
    assert campaign_from_json(campaign_to_json(found.campaign, found.doors)) == found


@pytest.mark.parametrize(
    ("first", "hours"),
    [("2030-10-26", [24, 25, 24]), ("2030-03-30", [24, 23, 24])],
)
def test_days_follow_the_clock_over_a_change(first: str, hours: list[int]) -> None:
    found = parse_campaign(f"{BERLIN}doors = 3\nfirst = {first}T00:00:00\n{HUNT}")
    assert [(end - start) / HOUR for start, end in times(found) if start and end] == hours
    ends = [end for _, end in times(found)]
    assert ends[:-1] == [start for start, _ in times(found)][1:], "one ends as the next opens"


def test_hours_are_as_long_as_ever_over_a_change() -> None:
    text = f'{BERLIN}doors = 4\nevery = "hour"\nfirst = 2030-10-27T01:00:00\n{HUNT}'
    starts = [start for start, _ in times(parse_campaign(text))]
    assert starts == [utc(2030, 10, 26, 23) + number * HOUR for number in range(4)]


def test_a_time_that_the_clock_skips_is_moved_on() -> None:
    found = parse_campaign(f"{BERLIN}doors = 1\nfirst = 2030-03-31T02:30:00\n{HUNT}")
    assert times(found)[0][0] == utc(2030, 3, 31, 1, 30)


def test_all_doors_end_with_the_last_one() -> None:
    text = f'{BEGIN}doors = 3\nfirst = 2030-01-01\nevery = "week"\ncloses = "last"\n{HUNT}'
    assert times(parse_campaign(text)) == [
        (utc(2030, 1, day), utc(2030, 1, 22)) for day in (1, 8, 15)
    ]


def test_a_door_has_its_own_values_and_prizes() -> None:
    text = f"""{BERLIN}doors = 2\nfirst = 2030-12-01\n{HUNT}{COIN}
        [[door]]
        number = 2
        title = "The second"
        cooldown = 5
        opens_at = 08:00:00
        closes_at = 2030-12-03T12:00:00Z
        [[door.prize]]
        id = "coin"
        title = "Big coin"
        odds = 0.25
        [[door.prize]]
        id = "cup"
        title = "Cup"
        odds = 0.1
        from = 09:00:00
        until = 2030-12-02T20:00:00
        release = [[10:00:00, 5], [2030-12-02T18:00:00Z, 9]]
    """
    first, second = (each.definition for each in parse_campaign(text).doors)
    assert (first.title, first.cooldown, len(first.prizes)) == ("Door 1", 0, 1)
    assert (second.title, second.cooldown) == ("The second", 5)
    assert second.opens_at == utc(2030, 12, 2, 7)
    assert second.closes_at == utc(2030, 12, 3, 12)
    big, cup = second.prizes
    assert (big.id, big.title, big.odds) == ("coin", "Big coin", 0.25)
    assert (cup.starts, cup.until) == (utc(2030, 12, 2, 8), utc(2030, 12, 2, 19))
    assert cup.release == (Step(utc(2030, 12, 2, 9), 5), Step(utc(2030, 12, 2, 18), 9))


def test_times_of_day_are_common_to_all_doors() -> None:
    hours = "opens_at = 08:00:00\ncloses_at = 20:00:00\n"
    found = parse_campaign(f"{BEGIN}doors = 2\nfirst = 2030-06-01\n{HUNT}{hours}")
    assert times(found) == [(utc(2030, 6, day, 8), utc(2030, 6, day, 20)) for day in (1, 2)]


def test_date_is_its_midnight_in_the_zone_of_the_campaign() -> None:
    dates = "from = 2030-12-01\nuntil = 2030-12-02\n"
    steps = "release = [[2030-12-01, 1], [23:00:00, 2]]\n"
    own = "[[door]]\nnumber = 1\nopens_at = 2030-11-30\n"
    text = f"{BERLIN}doors = 1\nfirst = 2030-12-01\n{HUNT}{COIN}{dates}{steps}{own}"
    [door] = parse_campaign(text).doors
    [coin] = door.definition.prizes
    assert door.definition.opens_at == utc(2030, 11, 29, 23)
    assert (coin.starts, coin.until) == (utc(2030, 11, 30, 23), utc(2030, 12, 1, 23))
    assert coin.release == (Step(utc(2030, 11, 30, 23), 1), Step(utc(2030, 12, 1, 22), 2))


def test_streak_and_preview_are_read() -> None:
    extra = 'streak = "won"\npreview = true\n'
    found = parse_campaign(f"{BERLIN}doors = 1\nfirst = 2030-06-01\n{extra}{HUNT}")
    assert found.campaign == Campaign("advent", "Advent", "Europe/Berlin", "won", preview=True)
    assert campaign_from_json(campaign_to_json(found.campaign, found.doors)) == found


def test_absent_door_leaves_a_gap() -> None:
    text = f"{BEGIN}doors = 3\nfirst = 2030-06-01\n{HUNT}[[door]]\nnumber = 2\nabsent = true\n"
    found = parse_campaign(text)
    assert [each.number for each in found.doors] == [1, 3]
    assert times(found)[0] == (utc(2030, 6, 1), utc(2030, 6, 2))


def test_ids_of_a_hundred_doors_have_three_digits() -> None:
    found = parse_campaign(f"{BEGIN}doors = 100\nfirst = 2030-06-01\n{HUNT}")
    assert [each.definition.id for each in found.doors][::99] == ["advent-001", "advent-100"]
    assert campaign_from_json(campaign_to_json(found.campaign, found.doors)) == found


def test_an_error_that_doors_have_in_common_is_reported_once() -> None:
    bad = HUNT.replace("width = 6", "width = 0")
    assert errors(f"{BEGIN}doors = 24\nfirst = 2030-06-01\n{bad}") == {
        "door 1: hunt.map.width": "must be more than 0, not 0"
    }


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("doors = 0\nfirst = 2030-06-01", "campaign.doors"),
        ("doors = 101\nfirst = 2030-06-01", "campaign.doors"),
        ("doors = 2", "campaign.first"),
        ("doors = 2\nfirst = 2030-06-01T00:00:00Z", "campaign.first"),
        ("doors = 2\nfirst = 9999-12-31", "campaign.first"),
        ('doors = 2\nfirst = 2030-06-01\nevery = "year"', "campaign.every"),
        ('doors = 2\nfirst = 2030-06-01\ncloses = "never"', "campaign.closes"),
        ('doors = 2\nfirst = 2030-06-01\nstreak = "lost"', "campaign.streak"),
        ("doors = 2\nfirst = 2030-06-01\npreview = 1", "campaign.preview"),
        ('doors = 2\nfirst = 2030-06-01\ntimezone = "Mars"', "campaign.timezone"),
        ("doors = 2\nfirst = 2030-06-01\nstreaks = 1", "campaign.streaks"),
        ('doors = 2\nfirst = 2030-06-01\n[hunt]\nid = "a"', "hunt.id"),
        ("doors = 2\nfirst = 2030-06-01\n[hunt]\nopens_at = 2030-06-01", "hunt.opens_at"),
        ("doors = 2\nfirst = 2030-06-01\n[[door]]\nnumber = 3", "door[0].number"),
        (
            "doors = 2\nfirst = 2030-06-01\n[[door]]\nnumber = 1\n[[door]]\nnumber = 1",
            "door[1].number",
        ),
        ("doors = 2\nfirst = 2030-06-01\n[[door]]\nnumber = 1\nabsent = 1", "door[0].absent"),
        ("doors = 2\nfirst = 2030-06-01\n[[door]]\nnumber = 1\nprize = 1", "door[0].prize"),
        ('doors = 2\nfirst = 2030-06-01\n[[door]]\nnumber = 1\nid = "a"', "door[0].id"),
        ("doors = 2\nfirst = 2030-06-01\nprize = 1", "campaign.prize"),
        ("doors = 1\nfirst = 2030-06-01\n[[door]]\nnumber = 1\nabsent = true", "campaign.doors"),
    ],
)
def test_errors_name_the_field(text: str, field: str) -> None:
    found = errors(f"{BEGIN}{text}\n" + ("" if "[hunt]" in text else HUNT))
    assert field in found


@pytest.mark.parametrize("year", [1970, 9900])
def test_first_door_may_open_in_any_year_that_leaves_room_for_the_others(year: int) -> None:
    text = f"{BEGIN}doors = 1\nfirst = {year}-06-01\n{HUNT}"
    assert times(parse_campaign(text))[0][0] == utc(year, 6, 1)


TIME_OF_DAY = "must be a time of day, as in 08:00:00, for all doors"
VALID_ID = "must be 1 to 64 lower-case letters, digits or hyphens"
PRIZES = "must be a list of tables, one for each prize"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param(
            "hunts = 1\ncampaign = 1\nhunt = 2\nprize = 3\ndoor = 4",
            {
                "hunts": "is unknown; did you mean hunt?",
                "campaign": "must be a table",
                "campaign.id": VALID_ID,
                "campaign.title": "must be one line of 1 to 200 characters",
                "campaign.doors": "must be a whole number, 1 to 100",
                "campaign.first": "must be a date, or a date and time without an offset, "
                "as in 2026-12-01T08:00:00",
                "hunt": "must be a table",
                "prize": PRIZES,
                "door": "must be tables [[door]]",
            },
            id="no tables",
        ),
        pytest.param(
            f"{BEGIN}doors = 0\nfirst = 1969-12-31\n"
            '[hunt]\nid = "a"\ntimezone = "UTC"\ntest = true\nopens_at = 8\ncloses_at = 9\n'
            "[[door]]\nnumber = 1\n",
            {
                "campaign.doors": "must be a whole number, 1 to 2147483647",
                "campaign.first": "must be in a year from 1970 to 9900",
                "hunt.test": "must be left out: a campaign has no test hunts",
                "hunt.id": "must be left out: each door has it from the campaign",
                "hunt.timezone": "must be left out: each door has it from the campaign",
                "hunt.opens_at": TIME_OF_DAY,
                "hunt.closes_at": TIME_OF_DAY,
            },
            id="campaign and hunt",
        ),
        pytest.param(
            f"door = [3]\nprize = [3]\n{BEGIN}doors = 101\nfirst = 9901-01-01",
            {
                "campaign.doors": "must be a whole number, 1 to 100",
                "campaign.first": "must be in a year from 1970 to 9900",
                "prize": PRIZES,
                "door[0]": "must be a table",
                "door[0].number": "must be the number of a door, 1 to 1",
            },
            id="lists without tables",
        ),
        pytest.param(
            f"{BEGIN}doors = 2\nfirst = 2030-06-01\n"
            '[[door]]\nnumber = 2\nid = "a"\ntimezone = "UTC"\nabsent = 1\nprize = 3\n'
            "[[door]]\nnumber = 2\n[[door]]\nnumber = 3\n[[door]]\nnumber = 0\n",
            {
                "door[0].id": "must be left out: the campaign has it",
                "door[0].timezone": "must be left out: the campaign has it",
                "door[0].absent": "must be true or false",
                "door[0].prize": PRIZES,
                "door[1].number": "door 2 has a table already",
                "door[2].number": "must be the number of a door, 1 to 2",
                "door[3].number": "must be a whole number, 1 to 2147483647",
            },
            id="doors",
        ),
        pytest.param(
            f"{BEGIN}doors = 2\nfirst = 2030-06-01\n[[door]]\nnumber = 1\nabsent = true\n"
            "[[door]]\nnumber = 2\nabsent = true\n",
            {"campaign.doors": "must leave at least one door that is not absent"},
            id="no door",
        ),
        pytest.param(
            f"{BEGIN}doors = 1\nfirst = 2030-06-01\n{HUNT}[[door]]\nnumber = 1\nopens_at = 8",
            {"door 1: hunt.opens_at": "must be a time with its offset, as in 2026-11-01T18:00:00Z"},
            id="time of a door",
        ),
        pytest.param(
            f"{BEGIN}doors = 1\nfirst = 2030-06-01",
            {
                "door 1: hunt.title": "must be one line of 1 to 200 characters",
                "door 1: hunt.map": "must be a table",
                "door 1: hunt.map.width": "must be a number",
                "door 1: hunt.map.height": "must be a number",
            },
            id="no hunt",
        ),
        pytest.param(
            f"{BEGIN}doors = 2\nfirst = 2030-06-01\n{HUNT}{COIN}release = [3]\n"
            '[[prize]]\nid = 1\ntitle = "A"\nodds = 0\n[[prize]]\nodds = 0\n'
            '[[door]]\nnumber = 2\nabsent = false\n[[door.prize]]\ntitle = "B"\nodds = 0\n'
            '[[door.prize]]\ntitle = "C"\nodds = 0\n',
            {
                "door 1: prize[0].release[0]": "must be a step [time, total]",
                "door 1: prize[1].id": VALID_ID,
                "door 1: prize[2].id": VALID_ID,
                "door 1: prize[2].title": "must be one line of 1 to 200 characters",
                "door 2: prize[3].id": VALID_ID,
                "door 2: prize[4].id": VALID_ID,
            },
            id="prizes",
        ),
    ],
)
def test_every_error_of_a_file_is_named(text: str, wrong: dict[str, str]) -> None:
    assert errors(text) == wrong


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"doors": []}, "doors"),
        ({"doors": [{"door": 0, "definition": {}}]}, "doors[0].door"),
        ({"doors": [{"door": 1, "definition": {"id": "other-01"}}]}, "doors[0].definition.title"),
        ({"name": 1}, "name"),
    ],
)
def test_errors_in_json_name_the_field(change: dict[str, object], field: str) -> None:
    raw = {"id": "advent", "title": "Advent", "doors": [], **change}
    with pytest.raises(DefinitionError) as caught:
        campaign_from_json(raw)
    assert field in caught.value.errors


def test_door_of_json_has_the_id_of_its_number() -> None:
    found = parse_campaign(f"{BEGIN}doors = 1\nfirst = 2030-06-01\n{HUNT}")
    raw = campaign_to_json(found.campaign, found.doors)
    raw["doors"][0]["definition"]["id"] = "advent-02"  # type: ignore[index]
    with pytest.raises(DefinitionError, match=r"doors\[0\]\.definition\.id: must be advent-01"):
        campaign_from_json(raw)


def test_file_of_a_campaign_is_told_from_the_file_of_a_hunt() -> None:
    text = f"{BEGIN}doors = 1\nfirst = 2030-06-01\n{HUNT}"
    assert is_campaign(text)
    assert not is_campaign(HUNT)
    with pytest.raises(DefinitionError, match="campaign: is of a campaign, not of a hunt"):
        parse(text)


def test_differences_of_campaigns_are_sentences() -> None:
    old = Campaign("advent", "Advent")
    assert differences(None, old) == ["campaign advent: new"]
    assert differences(old, old) == []
    assert differences(old, Campaign("advent", "Yule", "Europe/Berlin", "won", preview=True)) == [
        "campaign advent: title Advent -> Yule",
        "campaign advent: timezone UTC -> Europe/Berlin",
        "campaign advent: streak played -> won",
        "campaign advent: preview False -> True",
    ]
