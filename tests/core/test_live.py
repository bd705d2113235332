"""The present values of a hunt that its streams are told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hunt.core import live
from hunt.core.announcements import Announcement
from hunt.core.campaign import Campaign
from hunt.core.hunts import Hunt
from tests.support.hunts import PLAIN, START, closing


def told(events: list[live.LiveEvent]) -> dict[str, Any]:
    return {each.kind: json.loads(each.data) for each in events}


@pytest.mark.parametrize(
    ("hunt", "state"),
    [
        (PLAIN, "open"),
        (replace(PLAIN, state="paused"), "paused"),
        (replace(PLAIN, state="closed", ended_at=START), "over"),
        (closing(-1), "closing"),
        (closing(1), "open"),
        (replace(closing(9), definition=replace(PLAIN.definition, opens_at=START + timedelta(1))),
         "waiting"),
    ],
)  # fmt: skip
def test_state_is_that_at_the_time_of_the_read(hunt: Hunt, state: str) -> None:
    assert told(live.events(hunt))["state"]["state"] == state


def test_state_has_times_and_version() -> None:
    found = told(live.events(closing(60, version=3)))["state"]
    assert found == {
        "state": "open", "opens_at": None, "closes_at": "2026-11-01T00:01:00Z", "version": 3,
    }  # fmt: skip


def test_state_has_the_time_at_which_it_opens() -> None:
    opens = replace(PLAIN, definition=replace(PLAIN.definition, opens_at=START))
    assert told(live.events(opens))["state"]["opens_at"] == "2026-11-01T00:00:00Z"


def test_event_of_a_transaction_replaces_the_value_that_was_read() -> None:
    [_, stock] = live.events(replace(PLAIN, stock_left={"coin": 3}))
    sent = live.parse('{"h": "harbour", "k": "stock", "d": {"stock_left": {"coin": 2}}}')
    assert sent.event.key == stock.key
    assert sent.player is None


@pytest.mark.parametrize(("kind", "watchers"), [("head", True), ("stock", False)])
def test_heads_are_only_for_streams_of_the_whole_hunt(kind: str, watchers: bool) -> None:
    found = live.parse(f'{{"h": "harbour", "k": "{kind}", "d": {{}}}}')
    assert found.event.watchers is watchers


def test_hunt_without_stock_has_no_event_of_stock() -> None:
    assert list(told(live.events(PLAIN))) == ["state"]
    stocked = replace(PLAIN, stock_left={"coin": 3})
    assert told(live.events(stocked))["stock"] == {"stock_left": {"coin": 3}}


def test_stock_of_a_door_that_is_coming_is_secret() -> None:
    later = replace(PLAIN.definition, opens_at=START + timedelta(1))
    campaign = Campaign("advent", "Advent")
    door = replace(
        PLAIN, definition=later, stock_left={"coin": 3}, campaign=campaign, door=1
    )  # fmt: skip
    assert list(told(live.events(door))) == ["state"]
    shown = replace(door, campaign=Campaign("advent", "Advent", preview=True))
    assert list(told(live.events(shown))) == ["state", "stock"]
    assert list(told(live.changes(replace(door, as_of=START + timedelta(2)), door))) == [
        "state", "stock",
    ]  # fmt: skip


def test_withdrawn_announcement_is_told_once() -> None:
    made = replace(PLAIN, announcement=Announcement(1, "Soon.", START))
    assert told(live.events(made))["announcement"] == {
        "number": 1, "text": "Soon.", "at": "2026-11-01T00:00:00Z",
    }  # fmt: skip
    gone = replace(PLAIN, announcement=Announcement(2, None, START))
    assert "announcement" not in told(live.events(gone))
    assert told(live.changes(gone, made))["announcement"]["text"] is None


def test_only_a_change_is_told() -> None:
    stocked = replace(PLAIN, stock_left={"coin": 3})
    later = replace(stocked, as_of=START + timedelta(seconds=2), last_seq=9)
    assert live.changes(later, stocked) == []
    assert list(told(live.changes(replace(later, stock_left={"coin": 2}), stocked))) == ["stock"]
    assert list(told(live.changes(replace(later, state="paused"), stocked))) == ["state"]
    assert list(told(live.changes(replace(later, version=2), stocked))) == ["state"]


def test_event_of_a_transaction_is_parsed() -> None:
    payload = '{"d": {"seq": 4}, "h": "harbour", "i": "4", "k": "reward_state", "p": "ada"}'
    found = live.parse(payload)
    assert (found.hunt, found.player) == ("harbour", "ada")
    assert found.event.kind == "reward_state"
    assert json.loads(found.event.data) == {"seq": 4}
    other = live.parse(payload.replace('"i": "4"', '"i": "5"'))
    assert other.event.key != found.event.key


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`"),
        ('{"h": "harbour", "k": "stock"}', "field `d`"),
        ('{"h": "harbour", "k": "reward", "d": {}}', "^not the name of a live event$"),
        ('{"h": "harbour", "k": "hello", "d": {}}', "^not the name of a live event$"),
        ('{"h": "harbour", "k": "st\\nock", "d": {}}', "^not the name of a live event$"),
        ('{"h": "harbour", "k": "Stock", "d": {}}', "^not the name of a live event$"),
        ('{"h": "harbour", "k": "stock", "d": {"a":\n1}}', "of a live event is on one line$"),
        ('{"h": "harbour", "k": "stock", "d": {"a":\r1}}', "of a live event is on one line$"),
    ],
)
def test_invalid_payload_is_refused(payload: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        live.parse(payload)
