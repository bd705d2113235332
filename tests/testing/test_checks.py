"""Every check accepts a correct run, and reports a violation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from hunt.core.events import Reward
from hunt.testing.checks import bounded, report
from hunt.testing.delivery_checks import delivered
from hunt.testing.history import (
    Attempt,
    Closed,
    Entry,
    Greeted,
    History,
    Mark,
    Opened,
    Received,
    Reset,
)
from hunt.testing.oracle import check_history
from hunt.testing.stored_log import PrizeCount, StoredLog

AT = "2026-12-01T18:00:00Z"
PLAYERS = {1: "ada", 2: "bob", 3: "ada", 4: "ada"}


def row(seq: int, prize: str | None = "coin") -> Reward:
    return Reward(seq, f"click-{seq}", PLAYERS[seq], prize, 5 if prize else 0, AT)


def ok(which: int, **fields: object) -> Attempt:
    given = row(which)
    attempt = Attempt(
        sent=float(which), answered=which + 0.5, hunt="harbour", player=given.player,
        click=given.id, verdict="ok", status=200, seq=which, prize=given.prize, points=given.points,
    )  # fmt: skip
    return replace(attempt, **fields)


def received(seq: int, **fields: object) -> Received:
    given = row(seq)
    event = Received(
        time=seq + 0.6, connection="c1", epoch="k1", seq=seq, click=given.id, prize=given.prize,
        points=given.points,
    )  # fmt: skip
    return replace(event, **fields)


def opened(connection: str = "c1", after: int | None = None, player: str = "ada") -> Opened:
    return Opened(
        time=0.0, hunt="harbour", player=player, listener=player, connection=connection,
        epoch="k1", after=after,
    )  # fmt: skip


def greeted(connection: str = "c1", seq: int = 0, resumed: bool = False) -> Greeted:
    return Greeted(time=0.1, connection=connection, epoch="k1", seq=seq, resumed=resumed)


def books(*rows: Reward, **fields: object) -> StoredLog:
    whole = StoredLog(
        hunt="harbour", epoch="k1", last_seq=len(rows), rows=rows,
        stocks=[PrizeCount(prize="coin", stock=4, granted=len(rows), per_player=3)],
    )  # fmt: skip
    return replace(whole, **fields)


CLICKS = [ok(1), ok(2), ok(3), ok(4)]
EVENTS = [received(1), received(3), received(4)]
LOG = books(row(1), row(2), row(3), row(4))


def run(*entries: Entry, clicks: list[Attempt] = CLICKS) -> History:
    return History([*clicks, *entries])


def kept(*entries: Entry) -> History:
    return run(opened(), greeted(), *entries)


def test_correct_history_passes() -> None:
    assert check_history(kept(*EVENTS), LOG) == []


def test_concurrent_attempts_may_be_new_or_duplicate() -> None:
    assert check_history(kept(*EVENTS, ok(1)), LOG) == []
    assert check_history(kept(*EVENTS, ok(1, duplicate=True)), LOG) == []


def without(seq: int) -> list[Attempt]:
    return [each for each in CLICKS if each.seq != seq]


def changed(which: int, **fields: object) -> list[Attempt]:
    return [*without(which), ok(which, **fields)]


REFUSED = {"verdict": "refused", "status": 503, "seq": None}
STREAM = [opened(), greeted(), *EVENTS]

VOID = {1: datetime(2100, 1, 1, tzinfo=UTC)}

BROKEN = {
    "an answer that is not in the log": (
        "durable", run(*STREAM[:-1]), books(row(1), row(2), row(3)),
    ),
    "an answer with another seq": ("durable", run(clicks=changed(2, seq=7)), LOG),
    "an answer with another prize": ("durable", run(clicks=changed(2, prize="chest")), LOG),
    "an event that is not in the log": (
        "durable", run(*STREAM, clicks=without(4)), books(row(1), row(2), row(3)),
    ),
    "an event with another prize": ("durable", kept(received(1, prize=None)), LOG),
    "two rows of one click": ("once", run(), books(*LOG.rows, replace(row(1), seq=5))),
    "two outcomes of one click": ("once", run(ok(1, prize="chest", duplicate=True)), LOG),
    "a click that was new twice": ("once", run(ok(1, sent=9.0, answered=9.5)), LOG),
    "a first answer that is marked as a duplicate": (
        "once", run(clicks=changed(2, duplicate=True)), LOG,
    ),
    "a first answer that is marked as a duplicate, and a later attempt": (
        "once", run(ok(2, sent=99.0, answered=100.0), clicks=changed(2, duplicate=True)), LOG,
    ),
    "a click that met a defect": (
        "documented", run(ok(1, sent=9.0, verdict="unknown", status=500, seq=None)), LOG,
    ),
    "a refused click in the log": ("honest", run(clicks=changed(2, **REFUSED)), LOG),
    "a row without an attempt": ("honest", run(clicks=without(2)), LOG),
    "a row of another player": ("honest", run(clicks=changed(2, player="eve")), LOG),
    "a gap in the log": ("dense", run(clicks=without(2)), books(row(1), row(3), last_seq=3)),
    "a stock that is exceeded although a reward was voided later": (
        "dense",
        run(),
        books(*LOG.rows, voids=VOID, stocks=[PrizeCount(prize="coin", stock=3, granted=3)]),
    ),
    "a void unit that is still counted": (
        "dense",
        run(),
        books(*LOG.rows, voids=VOID, stocks=[PrizeCount(prize="coin", stock=4, granted=4)]),
    ),
    "a seq twice": ("dense", run(), books(*LOG.rows, row(4), last_seq=4)),
    "a row past the last seq": ("dense", run(), books(*LOG.rows, last_seq=3)),
    "more granted than the stock": (
        "dense", run(), replace(LOG, stocks=[PrizeCount(prize="coin", stock=3, granted=4)]),
    ),
    "a stock that is counted wrongly": (
        "dense", run(), replace(LOG, stocks=[PrizeCount(prize="coin", stock=9, granted=3)]),
    ),
    "more to one player than the limit": (
        "dense", run(), replace(LOG, stocks=[PrizeCount(prize="coin", per_player=2)]),
    ),
    "another player's event": ("private", kept(received(1), received(2), *EVENTS[1:]), LOG),
    "a gap in a stream": ("delivered", kept(received(1), received(4)), LOG),
    "events out of order": ("delivered", kept(received(3), received(1), received(4)), LOG),
    "an event twice on a connection": ("delivered", kept(EVENTS[0], *EVENTS), LOG),
    "an end that never came": ("delivered", kept(*EVENTS[:-1]), LOG),
    "an event before its start": (
        "delivered", run(opened(after=1), greeted(resumed=True, seq=4), *EVENTS), LOG,
    ),
    "a resume that is ignored": (
        "delivered", run(opened(after=1), greeted(seq=1), *EVENTS[1:]), LOG,
    ),
    "a resume that forgets what was missed": (
        "delivered",
        kept(
            EVENTS[0],
            Closed(time=3.0, connection="c1"),
            opened("c2", after=1),
            greeted("c2", seq=3, resumed=True),
            replace(EVENTS[2], connection="c2"),
        ),
        LOG,
    ),
    "a listener that was without a hello": ("delivered", run(opened()), LOG),
    "a listener that cannot come back": (
        "delivered",
        kept(EVENTS[0], Closed(time=3.0, connection="c1"), opened("c2", after=1)),
        LOG,
    ),
    "an event that comes late": ("delivered", kept(*EVENTS[:2], received(4, time=9.6)), LOG),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_violation_is_found_and_shown(case: str) -> None:
    check, history, log = BROKEN[case]
    found = [violation for violation in check_history(history, log) if violation.check == check]
    assert found
    assert all(0 < len(violation.lines) <= 12 for violation in found)


def test_replay_after_resume_is_accepted() -> None:
    again = [
        Closed(time=4.0, connection="c1"),
        opened("c2", after=1),
        greeted("c2", seq=4, resumed=True),
        *(replace(each, connection="c2") for each in EVENTS[1:]),
    ]
    assert check_history(kept(*EVENTS[:2], *again), LOG) == []


def test_reset_stream_is_owed_later_rewards_only() -> None:
    reset = [
        opened("c2", after=9),
        greeted("c2", seq=3),
        Reset(time=1.0, connection="c2", reason="x"),
    ]
    history = kept(EVENTS[0], *reset, replace(EVENTS[2], connection="c2"))
    assert check_history(history, LOG) == []
    assert delivered(kept(EVENTS[0], *reset), LOG)


def test_closed_listener_is_owed_nothing_more() -> None:
    assert check_history(kept(EVENTS[0], Closed(time=2.0, connection="c1", left=True)), LOG) == []


def test_event_may_be_late_during_fault() -> None:
    history = kept(*EVENTS[:2], received(4, time=30.0))
    assert check_history(history, LOG, well=26.0) == []
    assert check_history(history, LOG, well=24.0)


def test_unknown_attempt_may_be_recorded() -> None:
    unknown = {"verdict": "unknown", "status": 504, "seq": None}
    history = run(clicks=[*CLICKS[:3], ok(4, **unknown)])
    assert check_history(history, LOG) == []
    assert check_history(history, books(*LOG.rows[:3])) == []


def test_refusal_before_answer_is_accepted() -> None:
    assert check_history(run(ok(2, **REFUSED)), LOG) == []


def test_older_epoch_is_not_checked_against_new_log() -> None:
    old = [
        opened("c0"),
        replace(greeted("c0"), epoch="k0"),
        received(2, connection="c0", epoch="k0"),
    ]
    assert not [v for v in check_history(run(*old, *STREAM), LOG) if v.check != "private"]


def test_growth_beyond_slack_is_found() -> None:
    before = {"tasks": 10.0, "memory": 100.0}
    assert not bounded(before, {"tasks": 9.0, "memory": 110.0}, {"memory": 10.0})
    [found] = bounded(before, {"tasks": 11.0, "memory": 110.0}, {"memory": 10.0})
    assert str(found) == "bounded: tasks was 10, and is 11"


def test_report_shows_first_violations_and_counts_rest() -> None:
    history, log = run(clicks=without(2)), LOG
    text = report([*check_history(history, log)] * 3, most=1)
    assert text.startswith("honest: a row without an attempt\n    row        seq=2 click=click-2")
    assert text.endswith("... and 2 more")


def test_history_round_trips() -> None:
    marks = [
        Mark(time=0.5, text="it freezes"),
        Reset(time=1, connection="c1", reason="another epoch"),
    ]
    history = kept(*EVENTS, *marks, Closed(time=4.0, connection="c1", left=True))
    assert History.decode(history.encode()).entries == history.entries


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (ok(1), "     1.000 click answered=1.5 hunt=harbour player=ada click=click-1 verdict=ok"),
        (Mark(time=2.0, text="it freezes"), "     2.000 mark text=it freezes"),
    ],
)
def test_entry_prints_as_one_line(entry: Entry, line: str) -> None:
    make: Callable[[Entry], str] = str
    assert make(entry).startswith(line)
