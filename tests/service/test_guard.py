from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.breaker import Breaker
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.error_kinds import kinds
from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    CircuitOpen,
    ClickConflict,
    ClickRejected,
    ConnectTimeout,
    HuntFailed,
    HuntNotFound,
    HuntUnavailable,
    OutcomeUnknown,
    Overloaded,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreSlow,
    StoreTimeout,
    StoreUnavailable,
)
from hunt.service.guard import Append, Guard, Reject
from hunt.service.quarantine import FORGOTTEN, LONGEST, Quarantine

CLICKS = [Click(f"c{number}", "ada", 0, 0, None, 0) for number in range(5)]


class Store:
    """Raises the given failures, one per call, and then works; a poisoned click fails its batch."""

    def __init__(self, *failures: Exception, poison: str = "") -> None:
        self.failures = list(failures)
        self.poison = poison
        self.calls: list[list[str]] = []
        self.rejected: list[tuple[str, str, str]] = []

    async def append(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        await trio.lowlevel.checkpoint()
        self.calls.append([each.id for each in clicks])
        if self.failures:
            raise self.failures.pop(0)
        if any(each.id == self.poison for each in clicks):
            raise BatchRejected("a bad row")
        return [Settlement(Reward(1, each.id, each.player, None, 0, ""), False) for each in clicks]

    async def reject(self, hunt: str, click: Click, reason: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.failures:
            raise self.failures.pop(0)
        self.rejected.append((hunt, click.id, reason))


def guard(store: Store, *, known: int = 0, **options: int) -> tuple[Guard, Breaker]:
    breaker = Breaker(trio.current_time, **options)
    return made(store.append, breaker, reject=store.reject, known=known), breaker


def made(
    append: Append,
    breaker: Breaker,
    *,
    reject: Reject | None = None,
    known: int = 0,
    called: Callable[[str], None] = lambda hunt: None,
) -> Guard:
    return Guard(
        append,
        reject or Store().reject,
        breaker,
        Quarantine(trio.current_time, jitter=lambda: 1),
        jitter=lambda: 0,
        known=lambda hunt: {"harbour": known, "river": 0}[hunt],
        called=called,
    )


@pytest.mark.parametrize(
    ("failures", "calls", "kind", "state"),
    [
        ([], 1, Settlement, "closed"),
        ([StoreLost()], 2, Settlement, "closed"),
        ([StoreTimeout()], 2, Settlement, "closed"),
        ([StoreConflict(), StoreConflict()], 3, Settlement, "closed"),
        ([StoreConflict()] * 3, 3, Overloaded, "closed"),
        ([StoreTimeout()] * 2, 2, OutcomeUnknown, "open"),
        ([StoreTimeout(), ConnectTimeout()], 2, OutcomeUnknown, "open"),
        ([ConnectTimeout()], 1, Overloaded, "closed"),
        ([StoreLost()] * 3, 3, OutcomeUnknown, "open"),
        ([StoreLost(), StoreUnavailable()], 2, OutcomeUnknown, "closed"),
        ([StoreUnavailable()], 1, Overloaded, "closed"),
        ([StoreReadOnly()], 1, CircuitOpen, "open"),
        ([StoreLost(), StoreReadOnly()], 2, OutcomeUnknown, "open"),
        ([HuntNotFound("gone")], 1, HuntNotFound, "closed"),
        ([HuntFailed()], 1, HuntUnavailable, "closed"),
        ([StoreError()], 1, HuntUnavailable, "closed"),
        ([StoreLost(), HuntFailed()], 2, OutcomeUnknown, "closed"),
        ([StoreSlow()], 1, Overloaded, "closed"),
        # The attempt without an answer still holds the lock: the store hangs, not the hunt.
        ([StoreTimeout(), HuntFailed()], 2, OutcomeUnknown, "open"),
    ],
)
async def test_failure_has_its_outcome_and_effect_on_the_breaker(
    failures: list[Exception], calls: int, kind: type, state: str
) -> None:
    store = Store(*failures)
    guarded, breaker = guard(store)
    outcomes = await guarded.commit("harbour", CLICKS)
    assert [type(each) for each in outcomes] == [kind] * 5
    assert len(store.calls) == calls
    assert breaker.state == state
    assert guarded.retries == calls - 1
    assert +guarded.failures == Counter(
        failure.label for failure in failures if isinstance(failure, StoreError)
    )


@pytest.mark.parametrize(
    ("failure", "kind", "least", "why"),
    [
        (StoreUnavailable(), Overloaded, 0.75, "the database"),
        # The pause of the breaker is 0.5 s.
        (StoreReadOnly(), CircuitOpen, 1.25, ""),
        (HuntFailed(), HuntUnavailable, 0.75, ""),
    ],
)
async def test_refused_batch_has_a_reason_and_a_retry_time(
    failure: Exception, kind: type[Overloaded], least: float, why: str, autojump_clock: MockClock
) -> None:
    guarded, _ = guard(Store(failure))
    guarded._jitter = lambda: 0.25
    [outcome] = await guarded.commit("harbour", CLICKS[:1])
    assert isinstance(outcome, kind)
    assert why in str(outcome)
    pause = guarded._quarantine.pause("harbour")
    assert outcome.retry_after == pytest.approx(least + pause)


def test_failures_are_counted_from_zero() -> None:
    guarded = made(Store().append, Breaker(lambda: 0.0))
    assert guarded.failures == dict.fromkeys((each.label for each in kinds(StoreError)), 0)
    assert len(guarded.failures) > 5


async def test_refusals_of_clicks_survive_a_retry() -> None:
    conflict = ClickConflict("another click")
    hunts: list[str] = []
    failures: list[Exception] = [StoreLost(), BatchTimeout()]

    async def append(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        await trio.lowlevel.checkpoint()
        hunts.append(hunt)
        if failures:
            raise failures.pop(0)
        return [
            conflict
            if each.id == "c0"
            else Settlement(Reward(1, each.id, each.player, None, 0, ""), True)
            for each in clicks
        ]

    called: list[str] = []
    guarded = made(append, Breaker(trio.current_time), called=called.append)
    first, second = await guarded.commit("harbour", CLICKS[:2])
    assert first is conflict
    assert isinstance(second, Settlement)
    assert not second.duplicate
    assert hunts == ["harbour"] * 4, "both parts are of the hunt"
    assert called == hunts


async def test_open_breaker_stops_calls_of_the_store() -> None:
    store = Store(StoreReadOnly())
    guarded, breaker = guard(store)
    await guarded.commit("harbour", CLICKS)
    outcomes = await guarded.commit("harbour", CLICKS)
    assert len(store.calls) == 1
    assert all(isinstance(each, CircuitOpen) and each.retry_after > 0 for each in outcomes)
    assert breaker.openings == 1


async def test_quarantined_hunt_refuses_until_a_commit_succeeds(
    autojump_clock: MockClock,
) -> None:
    store = Store(*[HuntFailed("corrupt")] * 3)
    guarded, breaker = guard(store)
    for pause in (0.5, 1.0, 2.0):
        for left in (pause, pause / 2):  # at once, and in the middle of the pause
            [outcome] = await guarded.commit("harbour", CLICKS[:1])
            assert isinstance(outcome, HuntUnavailable)
            assert outcome.retry_after == left + 0.5
            [other] = await guarded.commit("river", CLICKS[:1]) if not store.failures else [None]
            await trio.sleep(pause / 2)
    assert len(store.calls) == 3 + 2, "one try for each pause; the last two are of the other hunt"
    assert isinstance(other, Settlement)
    assert breaker.state == "closed"
    for _ in range(2):
        [outcome] = await guarded.commit("harbour", CLICKS[:1])
        assert isinstance(outcome, Settlement)
    assert not guarded._quarantine.hunts


async def test_pause_of_a_quarantined_hunt_is_logged() -> None:
    guarded, _ = guard(Store(HuntFailed("corrupt")))
    guarded._quarantine._jitter = lambda: 0.123456
    with capture_logs() as logs:
        await guarded.commit("harbour", CLICKS[:1])
    assert [(each["event"], each["retry_in"]) for each in logs] == [("hunt quarantined", 0.281)]


async def test_pause_of_a_quarantined_hunt_is_bounded() -> None:
    quarantine = Quarantine(lambda: 0.0, jitter=lambda: 0)
    pauses = [quarantine.failed("harbour") for _ in range(100)]
    assert pauses[:3] == [0.25, 0.5, 1.0]
    assert pauses[-1] == LONGEST / 2
    assert [quarantine.succeeded("harbour") for _ in range(2)] == [True, False]


def test_hunt_in_quarantine_is_forgotten_without_commits() -> None:
    times = [0.0]
    quarantine = Quarantine(lambda: times[-1], jitter=lambda: 0)
    pause = quarantine.failed("harbour")
    for later, kept in ((0, 1), (1, 0)):
        times.append(pause + FORGOTTEN + later)
        quarantine.rotate()
        assert len(quarantine.hunts) == kept


class Log:
    """Keeps rows, as the store does; loses the answers to the first calls."""

    def __init__(self, *answers: Exception | None, recorded: Sequence[str] = ()) -> None:
        self.answers = list(answers)
        self.rows = {id_: seq for seq, id_ in enumerate(recorded, 1)}

    async def append(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        await trio.lowlevel.checkpoint()
        error = self.answers.pop(0) if self.answers else None
        if error is not None and not isinstance(error, StoreLost):
            raise error
        outcomes: list[Outcome] = []
        for each in clicks:
            duplicate = each.id in self.rows
            seq = self.rows.setdefault(each.id, len(self.rows) + 1)
            outcomes.append(Settlement(Reward(seq, each.id, each.player, None, 0, ""), duplicate))
        if error is not None:
            raise error
        return outcomes


def duplicates(outcomes: Sequence[Outcome]) -> list[bool]:
    return [each.duplicate for each in outcomes if isinstance(each, Settlement)]


@pytest.mark.parametrize(
    ("answers", "recorded", "known", "expected"),
    [
        ([], [], 0, [False, False, True]),
        ([StoreLost()], [], 0, [False, False, True]),
        ([StoreLost()] * 2, [], 0, [False, False, True]),
        ([StoreLost()], ["c0"], 1, [True, False, True]),  # an earlier request of the client
        ([], ["c0", "c1"], 0, [True, True, True]),
        ([StoreLost(), BatchTimeout()], [], 0, [False, False, True]),  # in two parts
        # The first part was answered before the second was sent without an answer.
        ([BatchTimeout(), None, StoreLost()], [], 0, [False, False, True]),
    ],
    ids=["first", "lost", "lost-twice", "known", "repeat", "lost-then-split", "split-then-lost"],
)
async def test_only_repeats_by_the_client_are_duplicates(
    answers: list[Exception | None], recorded: list[str], known: int, expected: list[bool]
) -> None:
    log = Log(*answers, recorded=recorded)
    guarded = made(log.append, Breaker(trio.current_time), known=known)
    clicks = [CLICKS[0], CLICKS[1], CLICKS[0]]
    assert duplicates(await guarded.commit("harbour", clicks)) == expected


async def test_answered_half_of_a_batch_is_certain() -> None:
    store = Store(BatchTimeout(), StoreLost(), StoreUnavailable(), StoreUnavailable())
    outcomes = await guard(store)[0].commit("harbour", CLICKS[:2])
    assert [type(each) for each in outcomes] == [OutcomeUnknown, CircuitOpen]


async def test_bad_row_is_rejected_and_the_others_are_settled() -> None:
    store = Store(poison="c3")
    guarded, breaker = guard(store, failures=1, timeouts=1)
    outcomes = await guarded.commit("harbour", CLICKS)
    assert [type(each) for each in outcomes] == [*[Settlement] * 3, ClickRejected, Settlement]
    assert store.rejected == [("harbour", "c3", "a bad row")]
    assert breaker.state == "closed", "a bad row is no news of the store"
    assert +guarded.failures == {"rejected": 4}, "in 5, in 3, in 2, and alone"


async def test_unrecorded_rejection_is_an_outcome() -> None:
    store = Store(BatchRejected("bad"), StoreUnavailable())
    [outcome] = await guard(store)[0].commit("harbour", CLICKS[:1])
    assert isinstance(outcome, ClickRejected)
    assert str(outcome) == "the click was rejected; it will never be accepted"


async def test_statement_timeout_splits_the_batch() -> None:
    store = Store(BatchTimeout())
    outcomes = await guard(store)[0].commit("harbour", CLICKS[:2])
    assert store.calls == [["c0", "c1"], ["c0"], ["c1"]]
    assert all(isinstance(each, Settlement) for each in outcomes)
    [alone] = await guard(Store(BatchTimeout()))[0].commit("harbour", CLICKS[:1])
    assert isinstance(alone, Overloaded)
    assert str(alone).startswith("the database took too long")


@pytest.mark.parametrize(("size", "calls"), [(3, [3, 1, 2, 1, 1]), (5, [5, 2, 1, 1, 3])])
async def test_held_lock_costs_a_batch_few_timeouts(size: int, calls: list[int]) -> None:
    store = Store(*[BatchTimeout()] * 20)
    outcomes = await guard(store)[0].commit("harbour", CLICKS[:size])
    assert [type(each) for each in outcomes] == [Overloaded] * size
    assert [len(each) for each in store.calls] == calls


async def test_split_batch_reports_possible_records_as_unknown() -> None:
    store = Store(StoreLost(), *[BatchTimeout()] * 20)
    outcomes = await guard(store)[0].commit("harbour", CLICKS)
    assert all(isinstance(each, OutcomeUnknown) for each in outcomes)


async def test_two_cancelled_statements_open_the_breaker() -> None:
    guarded, breaker = guard(Store(StoreSlow(), StoreSlow()))
    for state in ("closed", "open"):
        await guarded.commit("harbour", CLICKS)
        assert breaker.state == state
    assert breaker.reason == "timeout"


async def test_slow_commits_open_the_breaker(autojump_clock: MockClock) -> None:
    async def append(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        await trio.sleep(durations.pop(0))
        return []

    durations = [1, 1, 2, 2]
    breaker = Breaker(trio.current_time, slow=1, batches=2)
    moved: list[str] = []
    guarded = made(append, breaker, called=lambda hunt: moved.append(breaker.state))
    for _ in range(4):
        await guarded.commit("harbour", [])
    assert moved == ["closed", "closed", "closed", "open"]


async def test_cancelled_commit_does_not_change_the_breaker(autojump_clock: MockClock) -> None:
    breaker = Breaker(trio.current_time, failures=1, timeouts=1)

    async def append(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        await trio.sleep_forever()
        return []

    guarded = made(append, breaker)
    with trio.move_on_after(1) as scope:
        await guarded.commit("harbour", CLICKS)
    assert scope.cancelled_caught
    assert breaker.state == "closed"


async def test_sent_callback_is_passed_to_the_store() -> None:
    called: list[str] = []

    async def append(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        await trio.lowlevel.checkpoint()
        sent()
        return [Settlement(Reward(1, each.id, each.player, None, 0, ""), False) for each in clicks]

    guarded = made(append, Breaker(trio.current_time))
    await guarded.commit("harbour", CLICKS, lambda: called.append("sent"))
    assert called == ["sent"]
    await guarded.commit("harbour", CLICKS)
    assert called == ["sent"]
