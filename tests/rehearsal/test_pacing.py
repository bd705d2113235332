"""The grants of a rehearsal are judged by what the same clicks get in a simulation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hunt.core.definition import Definition, Even, Prize, Step
from hunt.core.events import Reward
from hunt.core.maps import Map
from hunt.rehearsal.pacing import Pace, paces

START = datetime(2026, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
END = START + 120 * SECOND
COIN = Prize("coin", "Coin", 5, 1.0, 60, None, release=Even())
TEST = Definition("test-harbour", "Harbour", Map.sized(9, 9), START, END, 0.0, (COIN,), test=True)


def pace(prize: Prize, won: dict[int, bool], *, late: timedelta = 0 * SECOND) -> Pace:
    """Return the pace of a prize after a click a second.

    Args:
        prize: The prize.
        won: Whether a click wins it, by the second in which it was due.
        late: Time from the moment at which a click was due to its commit.
    """
    rows = [
        Reward(
            seq, f"00000000-0000-4000-8000-{seq:012}", "ada", "coin" if wins else None, 0,
            (START + second * SECOND + late).isoformat(), 1.0, 1.0,
        )
        for seq, (second, wins) in enumerate(won.items(), 1)
    ]  # fmt: skip
    due = {row.id: START + second * SECOND for row, second in zip(rows, won, strict=True)}
    [found] = paces(
        replace(TEST, prizes=(prize,)), bytes(32), rows, due=due, ended=END, slack=SECOND
    )
    return found


#: Every second click wins, as an even plan of 60 units in 120 seconds allows.
EVEN = {second: second % 2 == 1 for second in range(1, 120)}


def test_drawn_prize_that_follows_its_plan_passes() -> None:
    found = pace(COIN, EVEN)
    assert (found.early, found.behind) == (False, False)
    assert (found.granted, found.planned) == (60, 60)
    assert found.off_plan < 0.2


def test_drawn_prize_whose_units_are_kept_back_is_behind() -> None:
    assert pace(COIN, {second: second % 4 == 3 for second in EVEN}).behind
    assert pace(COIN, {second: wins and second > 60 for second, wins in EVEN.items()}).behind


def test_grants_before_the_plan_are_early() -> None:
    assert pace(COIN, {second: second < 60 for second in EVEN}).early


def test_clicks_that_draw_too_rarely_are_no_fault_of_the_server() -> None:
    found = pace(replace(COIN, odds=1e-9), dict.fromkeys(EVEN, False))
    assert (found.off_plan, found.simulated, found.behind) == (1.0, 0, False)


def test_server_that_stalls_is_behind() -> None:
    stalled = dict.fromkeys(range(1, 100), True)
    assert pace(COIN, stalled, late=40 * SECOND).behind


def test_lost_units_of_a_step_are_judged_by_the_commit() -> None:
    steps = tuple(Step(START + number * 10 * SECOND, number + 1) for number in range(12))
    prize = replace(COIN, release=steps, void=True)
    won = {20 * number + at: at == 9 for number in range(6) for at in (9, 12)}
    # Each click that is due at the end of a step is committed in the next one.
    found = pace(prize, won, late=2 * SECOND)
    assert (found.granted, found.simulated, found.behind) == (6, 6, False)
