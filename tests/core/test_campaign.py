"""Campaigns: the states of their doors, and their form in JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from hunt.core.campaign import (
    MAX_DOORS,
    Campaign,
    campaign_from_json,
    campaign_state,
    door_id,
    door_state,
    grouped,
    hides_prizes,
)
from hunt.core.hunt_file import to_json
from hunt.core.hunts import Hunt, State
from tests.support.hunts import PLAIN, START
from tests.support.wrong_fields import wrong_fields

HOUR = timedelta(hours=1)
ADVENT = Campaign("advent", "Advent")


def door(state: State = "open", *, number: int = 1, campaign: Campaign | None = ADVENT) -> Hunt:
    """Return a door that is open for an hour."""
    definition = replace(PLAIN.definition, opens_at=START, closes_at=START + HOUR)
    return replace(PLAIN, definition=definition, state=state, campaign=campaign, door=number)


@pytest.mark.parametrize(
    ("state", "before", "between", "after"),
    [
        ("draft", None, None, None),
        ("open", "coming", "open", "over"),
        ("paused", "coming", "paused", "over"),
        ("closed", "over", "over", "over"),
    ],
)
def test_door_shows_its_state_at_a_time(
    state: State, before: str | None, between: str | None, after: str | None
) -> None:
    instant = timedelta(microseconds=1)
    times = (START - instant, START, START + HOUR - instant, START + HOUR)
    found = [door_state(door(state), now) for now in times]
    assert found == [before, between, between, after]


@pytest.mark.parametrize(
    ("campaign", "now", "hidden"),
    [
        (ADVENT, START - HOUR, True),
        (ADVENT, START, False),
        (Campaign("advent", "Advent", preview=True), START - HOUR, False),
        (None, START - HOUR, False),
    ],
)
def test_prizes_of_a_coming_door_are_hidden(
    campaign: Campaign | None, now: datetime, hidden: bool
) -> None:
    assert hides_prizes(door(campaign=campaign), now) is hidden


@pytest.mark.parametrize(
    ("doors", "state"),
    [
        (["over", "over"], "over"),
        ([], "over"),
        (["coming", "coming"], "coming"),
        (["over", "coming"], "open"),
        (["over", "open"], "open"),
        (["paused"], "open"),
    ],
)
def test_state_of_a_campaign_is_that_of_its_doors(doors: list[str], state: str) -> None:
    assert campaign_state(doors) == state


def test_doors_are_grouped_by_campaign_in_order() -> None:
    yule = Campaign("yule", "Yule")
    hunts = [
        door(number=1, campaign=yule), door(number=3), door(campaign=None),
        door(number=1), door(number=2),
    ]  # fmt: skip
    found = grouped(hunts)
    assert list(found) == ["advent", "yule"]
    assert [each.door for each in found["advent"]] == [1, 2, 3]
    assert found["yule"] == hunts[:1]


def definition(number: int, doors: int = 1) -> dict[str, object]:
    return to_json(replace(PLAIN.definition, id=door_id("advent", number, doors)))


errors = partial(wrong_fields, campaign_from_json)


def test_all_errors_of_a_campaign_in_json_are_named() -> None:
    found = errors({"id": "A", "title": 3, "timezone": "Mars", "streak": "lost", "preview": 1})
    assert list(found) == ["streak", "id", "title", "timezone", "preview", "doors"]
    assert found["preview"] == "must be true or false"
    assert found["doors"] == "must be a list of 1 to 100 doors"


def test_all_errors_of_doors_in_json_are_named() -> None:
    doors = [
        {"door": 1, "definition": definition(1)},
        {"door": 1, "definition": definition(1)},
        {"door": MAX_DOORS + 1, "definition": definition(1)},
        {"door": 0, "definition": definition(1)},
        {"definition": definition(1)},
        {"door": 2, "definition": definition(2) | {"title": ""}},
        {"door": 3},
        {"door": 4, "definition": definition(1), "size": 9},
        3,
    ]
    number = "must be a number from 1 to 100, used once"
    found = errors({"id": "advent", "title": "Advent", "doors": doors})
    assert "doors[6].definition.id" in found
    assert {name: text for name, text in found.items() if "[6].definition." not in name} == {
        "doors[1].door": number,
        "doors[2].door": number,
        "doors[3].door": "must be a whole number, 1 to 2147483647",
        "doors[4].door": number,
        "doors[5].definition.title": "must be one line of 1 to 200 characters",
        "doors[6].definition": "must be a table",
        "doors[7].size": "is unknown; known: definition, door",
        "doors[7].definition.id": "must be advent-04",
        "doors[8]": "must be a table",
        "doors[8].door": number,
    }


def test_doors_of_json_may_have_ids_of_any_size_of_campaign_and_any_order() -> None:
    doors = [
        {"door": MAX_DOORS, "definition": definition(MAX_DOORS, MAX_DOORS)},
        {"door": 1, "definition": definition(1)},
        {"door": 2, "definition": definition(2, MAX_DOORS)},
    ]
    found = campaign_from_json({"id": "advent", "title": "Advent", "doors": doors})
    assert (found.campaign, [each.number for each in found.doors]) == (ADVENT, [1, 2, MAX_DOORS])
    assert found.doors[1].definition.id == "advent-002"
