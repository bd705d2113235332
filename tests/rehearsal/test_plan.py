from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.definition import Definition, Prize, Quota, Step
from hunt.core.hunt_file import from_json, to_json
from hunt.core.maps import Map
from hunt.rehearsal.rehearsal import Plan, named, rehearsed

OPENS = datetime(2026, 12, 1, 18, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOW = Definition(
    "show", "Show", Map.sized(100, 100), OPENS, OPENS + 2 * HOUR, 60.0,
    (Prize("coin", "Coin", 5, 0.5, 7, None, release=(Step(OPENS + HOUR, 7),)),),
    attempts=Quota(3, "hour"), max_speed=2.0,
)  # fmt: skip


def test_whole_hunt_fits_into_the_time_to_play() -> None:
    found = rehearsed(Plan(definition=SHOW, seconds=72, rate=1), NOW, 7)
    assert (found.id, found.test) == ("test-show-00000007", True)
    assert found.opens_at == NOW
    assert found.closes_at == NOW + timedelta(seconds=72)
    assert found.prizes[0].release == (Step(NOW + timedelta(seconds=36), 7),)
    assert (found.cooldown, found.max_speed) == (0.6, 200.0)
    assert found.attempts == Quota(6, "hunt")
    assert from_json(to_json(found)) == found, "it is valid"


def test_speed_1_moves_the_times_only() -> None:
    found = rehearsed(Plan(definition=SHOW, seconds=10, rate=1, pace=1.0), NOW, 7)
    assert found.closes_at == NOW + 2 * HOUR
    moved = replace(SHOW, id=found.id, test=True, opens_at=NOW, closes_at=NOW + 2 * HOUR)
    coin = replace(SHOW.prizes[0], release=(Step(NOW + HOUR, 7),))
    assert found == replace(moved, prizes=(coin,))


@pytest.mark.parametrize("id_", ["x" * 64, "test-show", "a"], ids=["long", "test", "short"])
def test_id_of_the_test_hunt_is_valid(id_: str) -> None:
    found = named(replace(SHOW, id=id_), 2**32 - 1)
    assert found.startswith("test-")
    assert not found.startswith("test-test-")
    assert len(found) <= 64
