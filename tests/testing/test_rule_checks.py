"""Each check of the rules finds the row that breaks its rule, and no other row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace as altered

from hunt.core.definition import Area, Definition, Prize, Quota, Step
from hunt.core.events import Reward
from hunt.core.maps import Map
from hunt.testing.rule_checks import rules

OPENS = datetime(2026, 12, 1, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
COIN = Prize("coin", "Coin", 5, 0.5, 3, None)
HUNT = Definition("h", "Hunt", Map.sized(9, 9), OPENS, OPENS + 9 * HOUR, 0.0, (COIN,))


def row(seq: int, prize: str | None = "coin", *, hours: float = 1, player: str = "ada") -> Reward:
    at = (OPENS + hours * HOUR).isoformat()
    return Reward(seq, f"c{seq}", player, prize, 5 if prize else 0, at, 5.0, 5.0)


def broken(hunt: Definition, *rows: Reward) -> set[tuple[str, int]]:
    found = rules(hunt, bytes(32), rows)
    return {(each.check.removeprefix("rule "), int(each.what.split()[3])) for each in found}


def broken_with(voids: dict[int, float], hunt: Definition, *rows: Reward) -> set[tuple[str, int]]:
    times = {seq: OPENS + hours * HOUR for seq, hours in voids.items()}
    found = rules(hunt, bytes(32), rows, times)
    return {(each.check.removeprefix("rule "), int(each.what.split()[3])) for each in found}


def with_prize(**changes: object) -> Definition:
    return replace(HUNT, prizes=(replace(COIN, **changes),))  # type: ignore[arg-type]


PLAN = (Step(OPENS, 1), Step(OPENS + 2 * HOUR, 3))


@pytest.mark.parametrize(
    ("hunt", "rows", "expected"),
    [
        pytest.param(
            replace(HUNT, attempts=Quota(2, "hour")),
            [row(1, None), row(2, None, player="bob"), row(3), row(4, hours=2), row(5, None)],
            ("attempts", 5),
            id="attempts",
        ),
        pytest.param(
            replace(HUNT, max_wins=Quota(1, "hunt")),
            [row(1), row(2, None), row(3, player="bob"), row(4)],
            ("max_wins", 4),
            id="wins",
        ),
        pytest.param(
            replace(HUNT, max_speed=4 / 3600),
            [
                row(1), altered(row(2, None, hours=2), x=9.0), row(3, None, player="bob", hours=2),
                altered(row(4, None, hours=2), x=8.9),
            ],
            ("max_speed", 4),
            id="speed",
        ),
        pytest.param(
            with_prize(first=True, release=PLAN, odds=Area(1, (5, 5), 1)),
            [row(1), altered(row(2, hours=3), x=6.5)],
            ("area of the first click", 2),
            id="area",
        ),
        pytest.param(with_prize(starts=OPENS + HOUR), [row(1), row(2, hours=0.9)],
                     ("from and until", 2), id="from"),
        pytest.param(with_prize(until=OPENS + HOUR), [row(1, hours=0.9), row(2)],
                     ("from and until", 2), id="until"),
        pytest.param(with_prize(release=PLAN), [row(1), row(2)], ("release", 2), id="release"),
        pytest.param(
            with_prize(release=PLAN, void=True),
            [row(1, hours=3), row(2, hours=3), row(3, hours=3)],
            ("release", 3),
            id="void",
        ),
        pytest.param(
            HUNT,
            [row(1), row(2), altered(row(3, None), sold_out="coin"), row(4)],
            ("sold out", 3),
            id="sold out",
        ),
    ],
)  # fmt: skip
def test_row_against_a_rule_is_found(
    hunt: Definition, rows: list[Reward], expected: tuple[str, int]
) -> None:
    assert broken(hunt, *rows) == {expected}
    kept = [each for each in rows if each.seq != expected[1]]
    assert broken(hunt, *kept) == set()


@pytest.mark.parametrize(
    ("voids", "expected"),
    [
        pytest.param({}, {("release", 2)}, id="no void"),
        pytest.param({1: 1.5}, set(), id="before the next grant"),
        pytest.param({1: 1.9}, {("release", 2)}, id="after the next grant"),
        pytest.param({2: 1.8}, {("release", 2)}, id="of the next grant itself"),
        pytest.param({9: 1.5}, {("release", 2)}, id="of another row"),
    ],
)
def test_void_returns_a_unit_to_the_plan(
    voids: dict[int, float], expected: set[tuple[str, int]]
) -> None:
    hunt = with_prize(release=PLAN)
    assert broken_with(voids, hunt, row(1), row(2, hours=1.7)) == expected


@pytest.mark.parametrize(
    ("voids", "expected"),
    [
        pytest.param({1: 1.5}, {("sold out", 4)}, id="a unit had returned"),
        pytest.param({1: 2.5}, set(), id="a unit returned later"),
    ],
)
def test_void_ends_sold_out(voids: dict[int, float], expected: set[tuple[str, int]]) -> None:
    sold = altered(row(4, None, hours=2), sold_out="coin")
    assert broken_with(voids, HUNT, row(1), row(2), row(3), sold) == expected


def test_void_gives_its_player_no_further_win() -> None:
    hunt = replace(HUNT, max_wins=Quota(1, "hunt"))
    assert broken_with({1: 1.5}, hunt, row(1), row(2, hours=2)) == {("max_wins", 2)}
