"""The hunt files of ``examples/``: valid, and paced as they say."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hunt.core.arrivals import Habits
from hunt.core.campaign_file import parse_campaign
from hunt.core.definition import Definition
from hunt.core.grants import Grants
from hunt.core.hunt_file import from_json, parse, to_json
from hunt.core.simulation import Played, Scenario, play
from hunt.core.time_slices import UNDATED

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_example_is_a_hunt_file(path: Path) -> None:
    hunt = parse(path.read_text("utf-8"))
    assert from_json(to_json(hunt)) == hunt
    assert hunt.has_rules


def door(number: int) -> Definition:
    text = (EXAMPLES / "advent" / "campaign.toml").read_text("utf-8")
    return parse_campaign(text).doors[number - 1].definition


def played(name: str, *, clicks: int, players: int, curve: tuple[float, ...] = (1,)) -> Played:
    source = random.Random(7)
    return play(
        parse((EXAMPLES / f"{name}.toml").read_text("utf-8")),
        Scenario(clicks=clicks, players=players, habits=Habits(curve=curve)),
        seed=source.randbytes(32),
        uniform=source.random,
    )


def test_vouchers_of_the_live_show_follow_their_plan_within_5_percent() -> None:
    found = played("live-stream", clicks=120_000, players=20_000, curve=(4, 3, 2, 2, 3, 4))
    assert len(found.slices) == 3
    for each in found.slices:
        assert each.granted["voucher"] == pytest.approx(each.planned["voucher"], rel=0.05)
    assert found.granted["voucher"] == 500
    assert [each.clicks for each in found.slices] == pytest.approx([46_667, 26_667, 46_667], abs=2)


def test_pins_of_the_city_follow_their_plan_to_one_unit() -> None:
    source = random.Random(7)
    found = play(
        parse((EXAMPLES / "city-weekend.toml").read_text("utf-8")),
        Scenario(clicks=60_000, players=20_000, crowd={"hints": 1.0}, spread=0.004),
        seed=source.randbytes(32),
        uniform=source.random,
    )
    assert len(found.slices) == 48
    for each in found.slices:
        for prize, plan in each.planned.items():
            assert plan - 1 <= each.granted[prize] <= plan, (each.until, prize)
    assert found.granted["ticket"] == 12


def test_plan_of_a_prize_stays_after_its_end() -> None:
    grants = Grants(door(24), bytes(32))
    assert grants.planned(door(24).closes_at or UNDATED)["journey"] == 1


@pytest.mark.parametrize("number", [1, 6, 12, 24])
def test_stars_of_a_door_follow_their_plan_within_5_percent(number: int) -> None:
    source = random.Random(7)
    found = play(
        door(number),
        Scenario(clicks=60_000, players=20_000),
        seed=source.randbytes(32),
        uniform=source.random,
    )
    assert len(found.slices) == 24
    for each in found.slices:
        assert each.granted["star"] == pytest.approx(each.planned["star"], rel=0.05)
