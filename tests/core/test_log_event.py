"""The JSON of events for backends."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from hunt.core.change_event import ChangeEvent
from hunt.core.log_event import EventFilter, LogEvent, event_json

AT = datetime(2026, 11, 1, 18, 0, 0, 120, tzinfo=UTC)
TIME = "2026-11-01T18:00:00.000120Z"
WON = LogEvent(7, "c7", "ada", "coin", 5, AT, 1.5, 2.0, "k3")
SENT = ChangeEvent(3, 7, "c7", "ada", "coin", 5, "sent", AT, None)


@pytest.mark.parametrize("hunt", ["harbour", "test-harbour"])
def test_event_has_documented_json(hunt: str) -> None:
    marked = {"test": True} if hunt == "test-harbour" else {}
    assert json.loads(event_json(hunt, WON)) == {
        "type": "reward.granted",
        "timestamp": TIME,
        "data": {
            "hunt": hunt, "seq": 7, "id": "c7", "player": "ada", "prize": "coin", "points": 5,
            "at": TIME, "x": 1.5, "y": 2.0, **marked,
        },
    }  # fmt: skip
    assert json.loads(event_json(hunt, SENT)) == {
        "type": "reward.sent",
        "timestamp": TIME,
        "data": {
            "hunt": hunt, "number": 3, "seq": 7, "id": "c7", "player": "ada", "prize": "coin",
            "points": 5, "state": "sent", "at": TIME, "reason": None, **marked,
        },
    }  # fmt: skip


def test_click_without_a_prize_is_settled() -> None:
    lost = replace(WON, prize=None, points=0, x=None, y=None)
    found = json.loads(event_json("harbour", lost))
    assert found["type"] == "click.settled"
    assert (found["data"]["prize"], found["data"]["x"], found["data"]["y"]) == (None, None, None)


def test_event_has_its_position_and_id() -> None:
    assert (WON.position, WON.event_id) == (7, "k3-7")
    assert EventFilter() == EventFilter("wins", None)
