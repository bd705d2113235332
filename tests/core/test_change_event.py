from __future__ import annotations

from datetime import UTC, datetime

from hunt.core.change_event import ChangeEvent


def test_event_is_named_by_the_state_and_told_apart_by_time_and_number() -> None:
    at = datetime(1970, 1, 2, 0, 0, 0, 5, tzinfo=UTC)
    event = ChangeEvent(3, 7, "c1", "ada", "coin", 5, "void", at, "left early")
    assert (event.type, event.event_id) == ("reward.void", "86400000005-c3")
    assert event.position == 3
    assert event.members("1970-01-02T00:00:00.000005Z") == {
        "number": 3, "seq": 7, "id": "c1", "player": "ada", "prize": "coin", "points": 5,
        "state": "void", "at": "1970-01-02T00:00:00.000005Z", "reason": "left early",
    }  # fmt: skip
