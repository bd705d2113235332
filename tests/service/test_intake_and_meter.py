from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from trio.testing import MockClock

from hunt.core.breaker import Breaker
from hunt.core.definition import Peak, Prize
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.limiter import Limiter
from hunt.errors import (
    CircuitOpen,
    ClickConflict,
    Draining,
    HuntNotFound,
    HuntUnavailable,
    OutcomeUnknown,
    Overloaded,
    QueueFull,
    Refused,
    TooFast,
)
from hunt.metrics.counters import Histogram
from hunt.metrics.event_loop import EventLoopMeter, Window
from hunt.metrics.registry import SECONDS, Metrics, outcome_label
from hunt.service.intake import Intake, not_open
from hunt.service.lanes import Lanes
from tests.support.hunts import HUNTS, NOTHING, SURE, hunt

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


#: Seconds for which hunts refuse by themselves.
PAUSES = {"broken": 2.0}


async def take(intake_for: Sequence[Outcome], **options: float) -> tuple[Intake, Breaker, Lanes]:
    outcomes = list(intake_for)

    async def commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        await trio.lowlevel.checkpoint()
        return [
            outcomes.pop(0)
            if outcomes
            else Settlement(Reward(1, each.id, each.player, each.prize, each.points, ""), False)
            for each in clicks
        ]

    lanes = Lanes(
        commit, batch_size=9, batch_interval=0, queue_size=9, queue_age=9, jitter=lambda: 0
    )
    breaker = Breaker(trio.current_time)
    limiter = Limiter(trio.current_time, rate=options.get("rate", 0), burst=1)
    made = Intake(
        hunts=HUNTS.get,
        lanes=lanes,
        breaker=breaker,
        limiter=limiter,
        pause=lambda hunt: PAUSES.get(hunt, 0.0),
        jitter=lambda: 0,
    )
    return made, breaker, lanes


async def settled(made: Intake, hunt_id: str, player: str) -> Outcome:
    outcomes: list[Outcome] = []
    done = trio.Event()

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        done.set()

    made.click(hunt_id, player, ID, (0, 0), note, trio.current_time())
    await done.wait()
    return outcomes[0]


async def test_a_click_is_drawn_and_settled() -> None:
    made, _, lanes = await take([])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        won = await settled(made, "timed", "ada")
        lost = await settled(made, "harbour", "ada")
        nursery.cancel_scope.cancel()
    assert isinstance(won, Settlement)
    assert isinstance(lost, Settlement)
    assert (won.reward.prize, won.reward.points) == ("coin", 7)
    assert (lost.reward.prize, lost.reward.points) == (None, 0)


@pytest.mark.parametrize(
    ("hunt_id", "refusal"),
    [("nowhere", HuntNotFound), ("draft", HuntNotFound), ("broken", HuntUnavailable)],
)
async def test_what_is_refused_before_it_waits(hunt_id: str, refusal: type[Refused]) -> None:
    made, _, _ = await take([])
    with pytest.raises(refusal):
        made.click(hunt_id, "ada", ID, (0, 0), print, trio.current_time())


async def test_too_fast_and_open_breaker() -> None:
    made, breaker, lanes = await take([], rate=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        await settled(made, "harbour", "ada")
        with pytest.raises(TooFast):
            await settled(made, "harbour", "ada")
        breaker.read_only(breaker.admit())
        with pytest.raises(CircuitOpen):
            await settled(made, "harbour", "bob")
        nursery.cancel_scope.cancel()


async def test_changed_odds_and_seed_take_effect_with_the_next_click(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _, lanes = await take([])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        before = await settled(made, "harbour", "ada")
        draws = made._prepared["harbour"].uniform
        assert (await settled(made, "harbour", "ada")) == before
        assert made._prepared["harbour"].uniform is draws, "prepared once for a hunt"
        monkeypatch.setitem(HUNTS, "harbour", hunt(replace(NOTHING, prizes=(SURE,))))
        after = await settled(made, "harbour", "ada")
        nursery.cancel_scope.cancel()
    assert isinstance(before, Settlement)
    assert isinstance(after, Settlement)
    assert (before.reward.prize, after.reward.prize) == (None, "coin")


async def test_click_waits_in_its_lane_with_what_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, lanes = await take([])
    put: list[tuple[object, ...]] = []
    monkeypatch.setattr(lanes, "put", lambda *args: put.append(args))
    peak = Prize("chest", "Chest", 9, Peak(1.0, (1, 2), 0.1), None, None)
    monkeypatch.setitem(HUNTS, "harbour", hunt(replace(NOTHING, prizes=(peak,))))
    for place in ((1.0, 2.0), (2.0, 1.0)):
        made.click("harbour", "ada", ID, place, print, 7.0)
    assert put == [
        ("harbour", Click(ID, "ada", 1.0, 2.0, "chest", 9), print, 7.0),
        ("harbour", Click(ID, "ada", 2.0, 1.0, None, 0), print, 7.0),
    ]


async def test_refusals_before_the_lane_say_when_to_come_back() -> None:
    made, breaker, _ = await take([])
    made._jitter = lambda: 0.25
    with pytest.raises(HuntUnavailable) as broken:
        made.click("broken", "ada", ID, (0, 0), print, trio.current_time())
    assert broken.value.retry_after == PAUSES["broken"] + 0.75
    breaker.read_only(breaker.admit())
    with pytest.raises(CircuitOpen) as refused:
        made.click("broken", "ada", ID, (0, 0), print, trio.current_time())
    assert refused.value.retry_after == pytest.approx(breaker.retry_after() + 0.75, abs=0.2)


@pytest.mark.parametrize(
    ("opens", "closes", "shown"),
    [
        (None, None, (None, None)),
        (datetime(2026, 1, 1, tzinfo=UTC), None, ("2026-01-01T00:00:00Z", None)),
        (None, datetime(2026, 1, 2, tzinfo=UTC), (None, "2026-01-02T00:00:00Z")),
    ],
)
def test_refusal_of_a_hunt_that_is_not_open_shows_its_times(
    opens: datetime | None, closes: datetime | None, shown: tuple[str | None, str | None]
) -> None:
    refusal = not_open(hunt(replace(NOTHING, opens_at=opens, closes_at=closes)))
    assert (refusal.opens_at, refusal.closes_at) == shown


async def test_a_refusal_of_the_store_is_an_outcome() -> None:
    conflict = ClickConflict("other")
    made, _, lanes = await take([conflict])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        assert await settled(made, "timed", "ada") is conflict
        nursery.cancel_scope.cancel()


def test_every_outcome_has_a_label() -> None:
    settled = Settlement(Reward(1, "", "", "coin", 1, ""), False)
    assert outcome_label(settled) == "won"
    assert outcome_label(Settlement(Reward(1, "", "", None, 0, ""), False)) == "nothing"
    assert outcome_label(Settlement(settled.reward, True)) == "duplicate"
    assert outcome_label(OutcomeUnknown()) == "unknown"
    assert outcome_label(CircuitOpen(retry_after=1)) == "breaker_open"
    assert outcome_label(QueueFull(retry_after=1)) == "queue_full"
    assert outcome_label(Draining(retry_after=1)) == "draining"
    assert outcome_label(Overloaded(retry_after=1)) == "overloaded"
    assert outcome_label(Refused()) == "other"


def test_metrics_carry_what_was_counted() -> None:
    metrics = Metrics(version="9")
    metrics.refused("harbour", OutcomeUnknown(), 0.003)
    metrics.committed(rows=3, seconds=0.004)
    metrics.breaker_changed("open")
    metrics.delivered(0.001)
    for _ in range(2):
        metrics.cut_off()
        metrics.clicks.add("harbour", "won", 3)
    metrics.bus_lag(0.5)
    metrics.watch_counter("hunt_y", "Y.", lambda: 7)
    metrics.watch_counters("hunt_z", "Z.", "kind", lambda: {"a": 2, "b": 0})
    metrics.faults.watch("pool", {"connect": 4, "busy": 0})
    metrics.watch_labelled("hunt_x", "X.", "state", lambda: {"a": 1}, rule="sum")
    text = metrics.render().decode()
    for line in (
        'hunt_clicks_total{hunt="harbour",outcome="unknown"} 1.0',
        "hunt_batch_rows_sum 3.0",
        "hunt_batch_latency_average_seconds 0.004",
        "hunt_batch_latency_max_seconds 0.004",
        'hunt_breaker_transitions_total{state="open"} 1.0',
        "hunt_slow_subscribers_total 2.0",
        'hunt_clicks_total{hunt="harbour",outcome="won"} 6.0',
        'hunt_batch_rows_bucket{le="+Inf"} 1.0',
        'hunt_batch_rows_bucket{le="1.0"} 0.0',
        "hunt_batch_rows_count 1.0",
        "hunt_bus_lag_seconds 0.5",
        'hunt_build_info{version="9"} 1.0',
        'hunt_x{state="a"} 1.0',
        "hunt_y_total 7.0",
        'hunt_z_total{kind="a"} 2.0',
        'hunt_z_total{kind="b"} 0.0',
        'hunt_faults_total{kind="connect",where="pool"} 4.0',
        'hunt_faults_total{kind="busy",where="pool"} 0.0',
    ):
        assert line in text


@given(st.lists(st.sampled_from((0.0, 0.001, 0.0011, 0.5, 5.0, 9.0))))
def test_many_values_are_counted_as_one_by_one(values: list[float]) -> None:
    def counted() -> Histogram:
        return Histogram("x", "X.", SECONDS, CollectorRegistry())

    singly, together = counted(), counted()
    for value in values:
        singly.observe(value)
    together.observe_all(list(values))
    assert together._counts == singly._counts
    assert together._sum == pytest.approx(singly._sum)


def test_what_a_batch_settled_is_counted_by_outcome() -> None:
    metrics = Metrics(version="9")
    won = Settlement(Reward(1, "", "", "coin", 1, ""), False)
    metrics.settled("harbour", [won, OutcomeUnknown(), won], [0.003, 0.1, 0.1])
    text = metrics.render().decode()
    assert 'hunt_clicks_total{hunt="harbour",outcome="won"} 2.0' in text
    assert 'hunt_clicks_total{hunt="harbour",outcome="unknown"} 1.0' in text
    assert "hunt_click_seconds_count 3.0" in text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_loops_idleness_is_the_share_of_time_in_io_waits() -> None:
    clock = Clock()
    meter = EventLoopMeter(clock, slots=2)
    assert meter.idle() == 1
    meter.after_io_wait(0)  # began before it was added
    for waits in (0.25, 0.5, 0.75):
        meter.before_io_wait(1)
        clock.now += waits
        meter.after_io_wait(1)
        clock.now += 1 - waits
    # The slots end after the first wait that passes their second.
    assert meter.utilization() == pytest.approx(1 - meter.idle())
    assert 0.4 < meter.idle() < 0.65


async def test_the_meter_measures_trio_itself(autojump_clock: MockClock) -> None:
    import time

    meter = EventLoopMeter(time.perf_counter)
    trio.lowlevel.add_instrument(meter)
    for _ in range(10):
        await trio.sleep(1)
    trio.lowlevel.remove_instrument(meter)
    assert 0 < meter.utilization() <= 1


def test_a_window_forgets() -> None:
    clock = Clock()
    window = Window(clock, seconds=10)
    assert (window.average(), window.maximum()) == (0, 0)
    window.add(9)
    clock.now = 5
    window.add(1)
    window.add(2)
    assert (window.average(), window.maximum()) == (4, 9)
    clock.now = 11
    assert (window.average(), window.maximum()) == (1.5, 2)
