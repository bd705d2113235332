from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace as with_

from hunt.core.definition import Definition, Moments, Peak, Prize, Quota, Step
from hunt.core.fairness import Draws
from hunt.core.maps import Map
from hunt.core.odds import Odds
from hunt.core.verification import OVERLAP, Drawn, Edition, Verifier

SEED = bytes(range(32))
START = datetime(2026, 11, 1, tzinfo=UTC)
COIN = Prize("coin", "Coin", 5, 0.5, None, None)
HUNT = Definition("harbour", "Harbour", Map.sized(100, 50), None, None, 0.0, (COIN,))


def drawn(definition: Definition, number: int, at: datetime) -> Drawn:
    click, player = str(uuid.UUID(int=number)), f"player-{number}"
    prize = Odds(definition).draw(1, 2, Draws(SEED).uniform(click, player))
    name, points = (None, 0) if prize is None else (prize.id, prize.points)
    return Drawn(number, click, player, 1, 2, name, points, at)


def test_drawn_outcome_is_confirmed_and_any_other_is_reported() -> None:
    verifier = Verifier(SEED, [Edition(START, HUNT)])
    rows = [drawn(HUNT, number, START) for number in range(200)]
    assert {verifier.judge(row) for row in rows} == {"right"}
    won = next(row for row in rows if row.prize)
    lost = next(row for row in rows if not row.prize)
    for row in (
        with_(won, prize=None, points=0),  # the prize has no limit, so it cannot be denied
        with_(won, points=6),
        with_(won, prize="chest"),
        with_(lost, prize="coin", points=5),
    ):
        assert verifier.judge(row) == "wrong"
    other = Verifier(bytes(32), [Edition(START, HUNT)])
    assert "wrong" in {other.judge(row) for row in rows}, "the seed matters"
    assert verifier.judge(with_(won, player="erased-0123456789abcdef")) == "erased"


def test_draw_depends_on_the_place_of_the_click() -> None:
    peak = replace(HUNT, prizes=(replace(COIN, odds=Peak(1.0, (1, 2), 1)),))
    verifier = Verifier(SEED, [Edition(START, peak)])
    row = drawn(peak, 1, START)
    assert (row.prize, verifier.judge(row)) == ("coin", "right")
    for far in ({"x": 90.0}, {"y": 49.0}):
        assert verifier.judge(with_(row, **far)) == "wrong"


def test_a_prize_with_a_limit_may_have_run_out() -> None:
    limited = replace(HUNT, prizes=(replace(COIN, stock=1),))
    verifier = Verifier(SEED, [Edition(START, limited)])
    won = next(row for n in range(200) if (row := drawn(limited, n, START)).prize)
    assert verifier.judge(with_(won, prize=None, points=0)) == "denied"
    assert verifier.judge(with_(won, prize=None, points=5)) == "wrong"


@pytest.mark.parametrize(
    "limit",
    [
        {"stock": 1},
        {"per_player": 1},
        {"codes": True},
        {"starts": START},
        {"until": START},
        {"release": (Step(START, 1),)},
    ],
    ids=str,
)
def test_each_limit_of_a_prize_may_deny_its_draw(limit: dict[str, object]) -> None:
    limited = replace(HUNT, prizes=(replace(COIN, **limit),))  # type: ignore[arg-type]
    verifier = Verifier(SEED, [Edition(START, limited)])
    won = next(row for n in range(200) if (row := drawn(limited, n, START)).prize)
    assert verifier.judge(with_(won, prize=None, points=0)) == "denied"


def test_each_draw_is_held_to_the_version_in_force() -> None:
    generous = replace(HUNT, prizes=(replace(COIN, odds=1.0),))
    change = START + timedelta(hours=1)
    verifier = Verifier(SEED, [Edition(START, HUNT), Edition(change, generous)])
    lost = next(row for n in range(200) if not (row := drawn(HUNT, n, START)).prize)
    won = drawn(generous, lost.seq, START)
    second = timedelta(seconds=1)
    for row, at, verdict in (
        (lost, change - OVERLAP, "right"),
        (won, change - OVERLAP, "right"),
        (won, change - OVERLAP - second, "wrong"),
        (lost, change + OVERLAP, "right"),
        (lost, change + OVERLAP + second, "wrong"),
        (won, change + second, "right"),
        (won, change + OVERLAP + second, "right"),
        (lost, START - timedelta(days=1), "right"),
    ):
        assert verifier.judge(with_(row, at=at)) == verdict, at


def test_click_may_get_the_overflow_of_its_draw() -> None:
    shell = replace(COIN, id="shell", points=1, odds=0.0)
    verifier = Verifier(SEED, [Edition(START, with_overflow := replace(
        HUNT, prizes=(replace(COIN, stock=1, overflow="shell"), shell)))])  # fmt: skip
    rows = [drawn(with_overflow, number, START) for number in range(200)]
    won = next(row for row in rows if row.prize)
    lost = next(row for row in rows if not row.prize)
    assert verifier.judge(with_(won, prize="shell", points=1)) == "right"
    assert verifier.judge(with_(won, prize="shell", points=5)) == "wrong"
    assert verifier.judge(with_(lost, prize="shell", points=1)) == "wrong"


def test_prize_of_the_first_click_needs_no_draw() -> None:
    first = replace(COIN, id="first", odds=1.0, first=True, release=Moments(3))
    hunt = replace(HUNT, prizes=(COIN, first))
    verifier = Verifier(SEED, [Edition(START, hunt)])
    lost = next(row for n in range(200) if not (row := drawn(hunt, n, START)).prize)
    assert verifier.judge(with_(lost, prize="first", points=5)) == "right"
    assert verifier.judge(lost) == "right"


def test_limit_of_wins_may_deny_any_draw() -> None:
    hunt = replace(HUNT, max_wins=Quota(1, "day"))
    verifier = Verifier(SEED, [Edition(START, hunt)])
    won = next(row for n in range(200) if (row := drawn(hunt, n, START)).prize)
    assert verifier.judge(with_(won, prize=None, points=0)) == "denied"
