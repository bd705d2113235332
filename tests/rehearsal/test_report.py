"""The report says no-go for each fault that a rehearsal can show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace as altered

from hunt.core.definition import Definition, Prize, Step
from hunt.core.events import Reward
from hunt.core.maps import Map
from hunt.rehearsal.clickers import Clicks
from hunt.rehearsal.report import Limits, Played, report
from hunt.testing.history import Attempt, Greeted, History, Opened, Received
from hunt.testing.stored_log import StoredCode, StoredLog
from hunt.testing.webhook_checks import Delivered

START = datetime(2026, 12, 1, tzinfo=UTC)
LIMITS = Limits(answer_p99=0.25, event_p99=0.5)
TEST = Definition(
    "test-harbour",
    "Harbour",
    Map.sized(100, 100),
    START,
    START + timedelta(seconds=60),
    0.0,
    (
        Prize("coin", "Coin", 5, 0.5, None, None, codes=True),
        Prize("bell", "Bell", 1, 1.0, None, None, first=True, release=(Step(START, 3),)),
    ),
    test=True,
)


def click(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def played() -> Played:
    """Return a rehearsal of ten clicks by one player, in which everything is right."""
    history = History(
        [
            Opened(time=0.0, hunt=TEST.id, player="ada", listener="ada", connection="1"),
            Greeted(time=0.0, connection="1", epoch="k1", seq=0, resumed=False),
        ]
    )
    rows = []
    for seq in range(1, 11):
        prize = "bell" if seq <= 3 else "coin" if seq == 4 else None
        points = {"bell": 1, "coin": 5}.get(prize or "", 0)
        code = "TEST-1" if prize == "coin" else None
        at = (START + timedelta(seconds=seq)).isoformat()
        rows.append(Reward(seq, click(seq), "ada", prize, points, at, 1.0, 1.0))
        history.add(
            Attempt(
                sent=float(seq),
                answered=seq + 0.01,
                hunt=TEST.id,
                player="ada",
                click=click(seq),
                verdict="ok",
                status=200,
                seq=seq,
                prize=prize,
                points=points,
                code=code,
            )
        )
        history.add(
            Received(
                time=seq + 0.02,
                connection="1",
                epoch="k1",
                seq=seq,
                click=click(seq),
                prize=prize,
                points=points,
                code=code,
            )
        )
    ids = [click(seq) for seq in range(1, 11)]
    codes = [
        StoredCode(prize="coin", code="TEST-1", reward=4),
        StoredCode(prize="coin", code="TEST-2"),
    ]
    return Played(
        definition=TEST,
        seed=bytes(32),
        players=1,
        greeted=1,
        broken=0,
        clicks=Clicks(
            sent=10,
            repeats=0,
            answered=dict.fromkeys(ids, 0.01),
            due={each: float(number) for number, each in enumerate(ids, 1)},
            refused=Counter({"too-fast": 2}),
        ),
        received={each: number + 0.02 for number, each in enumerate(ids, 1)},
        history=history,
        log=StoredLog(hunt=TEST.id, epoch="k1", last_seq=10, rows=rows, codes=codes),
        loaded=2,
        deliveries=[Delivered(f"k1-{seq}", seq, click(seq), 200) for seq in (1, 2, 3, 4)],
        opened=0.0,
        ended=11.0,
    )


def failed(rehearsal: Played) -> list[str]:
    found = report(rehearsal, LIMITS)
    assert found.go == all(each.ok for each in found.checks)
    return [each.name.partition(":")[0] for each in found.checks if not each.ok]


def test_right_rehearsal_is_go() -> None:
    found = report(played(), LIMITS)
    assert found.go
    assert found.violations == []
    assert [each.name for each in found.checks if each.name.startswith("refused by")] == [
        "refused by the rules: too-fast"
    ]


def clicks(rehearsal: Played, **changes: object) -> Played:
    return altered(rehearsal, clicks=altered(rehearsal.clicks, **changes))


def test_grants_need_not_follow_the_plan_once_attempts_are_used_up() -> None:
    behind = plan(played(), 9)
    assert failed(behind) == ["granted"]
    few = altered(behind.log, rows=behind.log.rows[:3], last_seq=3)  # the others were refused
    assert "granted" not in failed(altered(behind, log=few))


def lose_event(rehearsal: Played) -> Played:
    entries = [
        each
        for each in rehearsal.history
        if not (isinstance(each, Received) and each.click == click(5))
    ]
    received = {each: at for each, at in rehearsal.received.items() if each != click(5)}
    return altered(rehearsal, history=History(entries), received=received)


def lose_row(rehearsal: Played) -> Played:
    log = altered(rehearsal.log, rows=rehearsal.log.rows[:-1], last_seq=9)
    return altered(rehearsal, log=log)


def code_twice(rehearsal: Played) -> Played:
    first, _ = rehearsal.log.codes
    log = altered(rehearsal.log, codes=[first, StoredCode(prize="coin", code="TEST-1", reward=5)])
    return altered(rehearsal, log=log)


def plan(rehearsal: Played, total: int) -> Played:
    coin, bell = TEST.prizes
    steps = (Step(START, total),)
    definition = replace(TEST, prizes=(coin, replace(bell, release=steps)))
    return altered(rehearsal, definition=definition)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda it: clicks(it, answered=dict.fromkeys(it.clicks.answered, 0.3)), {"answers"}),
        (lambda it: altered(it, received={k: at + 1 for k, at in it.received.items()}), {"events"}),
        (lambda it: clicks(it, shed=1), {"refused for load, or unanswered"}),
        (lambda it: clicks(it, lost=1), {"clicks without an outcome"}),
        (lambda it: altered(it, greeted=0), {"streams opened"}),
        (lambda it: altered(it, broken=1), {"streams that broke"}),
        (lose_event, {"answered clicks without an event", "violations found by the oracle"}),
        (lose_row, {"violations found by the oracle"}),
        (code_twice, {"codes handed out, each once", "violations found by the oracle"}),
        (lambda it: plan(it, 2), {"granted", "violations found by the oracle"}),
        (lambda it: plan(it, 9), {"granted"}),
        (
            lambda it: altered(it, deliveries=it.deliveries[:-1]),
            {"webhook events received", "violations found by the oracle"},
        ),
    ],
    ids=[
        "slow answers",
        "slow events",
        "shed",
        "lost click",
        "no stream",
        "broken stream",
        "lost event",
        "lost row",
        "code twice",
        "above plan",
        "behind plan",
        "lost webhook",
    ],
)
def test_fault_is_no_go(change: Callable[[Played], Played], wrong: set[str]) -> None:
    assert set(failed(change(played()))) == wrong


def test_rehearsal_without_an_answer_is_no_go() -> None:
    nothing = clicks(played(), answered={}, sent=10, lost=10, shed=40)
    assert {"answers", "clicks answered with an outcome"} <= set(failed(nothing))
