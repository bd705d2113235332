"""The hunt files of ``examples/``: valid, and paced as they say."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hunt.core.arrivals import Habits
from hunt.core.hunt_file import from_json, parse, to_json
from hunt.core.simulation import Played, Scenario, play

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_example_is_a_hunt_file(path: Path) -> None:
    hunt = parse(path.read_text("utf-8"))
    assert from_json(to_json(hunt)) == hunt
    assert hunt.has_rules


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
