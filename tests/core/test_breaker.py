from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import hunt
from hunt.core.breaker import Breaker
from hunt.errors import CircuitOpen
from hunt.testing.breaker_machine import BreakerMachine, Clock
from tests.support.seeds import SEED


def opened(clock: Clock, **options: Any) -> Breaker:
    breaker = Breaker(clock, cooldown=4, cap=16, **options)
    for _ in range(3):
        breaker.fail(breaker.admit())
    assert breaker.state == "open"
    return breaker


def test_breaker_is_public() -> None:
    assert hunt.Breaker is Breaker


def test_slow_calls_in_a_row_open_breaker() -> None:
    breaker = Breaker(Clock(), slow=1, batches=3)
    for seconds in (2, 2, 1, 2, 2):  # the third is fast, and resets the count
        breaker.succeed(breaker.admit(), seconds)
    assert breaker.state == "closed"
    breaker.succeed(breaker.admit(), 2)
    assert (breaker.state, breaker.reason) == ("open", "slow")


def test_timeouts_in_a_row_open_breaker() -> None:
    breaker = Breaker(Clock())
    breaker.time_out(breaker.admit())
    breaker.succeed(breaker.admit(), 0)
    breaker.time_out(breaker.admit())
    assert breaker.state == "closed"
    breaker.time_out(breaker.admit())
    assert (breaker.state, breaker.reason) == ("open", "timeout")


def test_failures_in_a_row_open_breaker() -> None:
    breaker = Breaker(Clock())
    for settle in (breaker.fail, breaker.fail, breaker.abandon):
        settle(breaker.admit())
    assert breaker.state == "closed"
    breaker.fail(breaker.admit())
    assert (breaker.state, breaker.reason) == ("open", "unavailable")


def test_read_only_store_opens_breaker_at_once() -> None:
    breaker = Breaker(Clock())
    breaker.read_only(breaker.admit())
    assert (breaker.state, breaker.reason) == ("open", "read-only")


def test_open_breaker_refuses_with_retry_after() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 3
    with pytest.raises(CircuitOpen) as refusal:
        breaker.admit()
    assert refusal.value.retry_after == 1
    assert breaker.probe_at() == 4


def test_good_probes_one_at_a_time_close_breaker() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 4
    for state in ("half-open", "half-open", "closed"):
        probe = breaker.admit()
        assert breaker.probe_at() is None
        with pytest.raises(CircuitOpen):
            breaker.admit()
        breaker.succeed(probe, 0)
        assert breaker.state == state
    assert breaker.reason is None
    assert breaker.retry_after() == 0


@pytest.mark.parametrize("end", ["slow", "fail", "time_out", "read_only"])
def test_bad_probe_reopens_breaker_for_longer(end: str) -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 4
    probe = breaker.admit()
    if end == "slow":
        breaker.succeed(probe, 1)
    else:
        getattr(breaker, end)(probe)
    assert (breaker.state, breaker.retry_after()) == ("open", 8)


def closed_again(clock: Clock, breaker: Breaker) -> None:
    clock.now += int(breaker.retry_after())
    for _ in range(breaker.good):
        breaker.succeed(breaker.admit(), 0)
    assert breaker.state == "closed"


def test_pause_grows_to_cap() -> None:
    clock = Clock()
    breaker = opened(clock)
    pauses = []
    for _ in range(4):
        pauses.append(breaker.retry_after())
        clock.now += int(breaker.retry_after())
        breaker.fail(breaker.admit())
    assert pauses == [4, 8, 16, 16]


def test_close_by_probes_keeps_pause_long() -> None:
    clock = Clock()
    breaker = opened(clock)
    pauses = []
    for _ in range(3):  # probes succeed, and calls fail
        closed_again(clock, breaker)
        for _ in range(3):
            breaker.fail(breaker.admit())
        pauses.append(breaker.retry_after())
    assert pauses == [8, 16, 16]


@pytest.mark.parametrize("bad", ["slow", "fail", "time_out"])
def test_good_calls_in_a_row_reset_pause(bad: str) -> None:
    clock = Clock()
    breaker = opened(clock, batches=4)
    closed_again(clock, breaker)
    for run in (3, 3):
        for _ in range(run):
            breaker.succeed(breaker.admit(), 0)
        if bad == "slow":
            breaker.succeed(breaker.admit(), 1)
        else:
            getattr(breaker, bad)(breaker.admit())
    breaker.read_only(breaker.admit())
    assert breaker.retry_after() == 8, "three good calls were not enough, twice"
    closed_again(clock, breaker)
    for _ in range(4):
        breaker.succeed(breaker.admit(), 0)
    breaker.read_only(breaker.admit())
    assert breaker.retry_after() == 4


def test_hurry_admits_probe_and_keeps_next_pause() -> None:
    breaker = opened(Clock())
    breaker.hurry()
    assert (breaker.state, breaker.retry_after(), breaker.probe_at()) == ("open", 0, 0)
    breaker.fail(breaker.admit())
    assert breaker.retry_after() == 8


def test_hurry_is_ignored_unless_breaker_is_open_and_unforced() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.hurry()
    assert breaker.state == "closed"
    breaker.force("open")
    breaker.hurry()
    with pytest.raises(CircuitOpen):
        breaker.admit()
    breaker = opened(clock)
    clock.now += 4
    probe = breaker.admit()
    breaker.hurry()
    assert breaker.state == "half-open"
    with pytest.raises(CircuitOpen):
        breaker.admit()
    breaker.abandon(probe)


def test_jitter_shortens_pause_by_half_at_most() -> None:
    assert opened(Clock(), jitter=lambda: 0.0).retry_after() == 2


@given(
    st.floats(0, 1e9),
    st.floats(0, 1, exclude_max=True),
    st.floats(0.001, 15, allow_subnormal=False),
)
def test_call_at_probe_time_is_admitted(now: float, jitter: float, cooldown: float) -> None:
    clock = Clock()
    clock.now = now  # type: ignore[assignment]
    breaker = Breaker(clock, cooldown=cooldown, cap=15, jitter=lambda: jitter)
    breaker.read_only(breaker.admit())
    clock.now = breaker.probe_at()  # type: ignore[assignment]
    assert breaker.admit().probe


def test_cancelled_probe_admits_next_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 4
    breaker.abandon(breaker.admit())
    assert breaker.admit().probe


def test_breaker_forced_open_refuses_until_release() -> None:
    clock = Clock()
    breaker = Breaker(clock, cooldown=4, cap=16)
    before = breaker.admit()
    breaker.force("open")
    assert (breaker.state, breaker.reason) == ("open", "forced")
    clock.now = 1000
    with pytest.raises(CircuitOpen) as refusal:
        breaker.admit()
    assert refusal.value.retry_after == 16
    assert breaker.probe_at() is None
    breaker.succeed(before, 0)
    assert breaker.state == "open"
    breaker.force(None)
    assert (breaker.state, breaker.retry_after()) == ("open", 0)
    for _ in range(3):
        breaker.succeed(breaker.admit(), 0)
    assert (breaker.state, breaker.reason) == ("closed", None)
    breaker.force("open")
    breaker.force(None)
    assert breaker.retry_after() == 0, "a release does not wait for the pause"


def test_release_of_a_breaker_that_is_not_forced_keeps_its_pause() -> None:
    breaker = opened(Clock())
    breaker.force(None)
    assert (breaker.retry_after(), breaker.probe_at()) == (4, 4)


def test_bad_calls_in_a_row_are_counted_by_kind_until_breaker_opens() -> None:
    breaker = Breaker(Clock(), timeouts=4)
    for end in (breaker.fail, breaker.fail, *[breaker.time_out] * 3):
        end(breaker.admit())
    assert breaker.in_a_row() == {"slow": 0, "timeout": 3, "unavailable": 2}
    breaker.succeed(breaker.admit(), 1)
    assert breaker.in_a_row() == {"slow": 1, "timeout": 0, "unavailable": 0}
    breaker.read_only(breaker.admit())
    assert breaker.in_a_row() == {"slow": 0, "timeout": 0, "unavailable": 0}


def test_breaker_forced_closed_admits_and_restarts_counts() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 4
    probe = breaker.admit()
    breaker.force("closed")
    breaker.fail(probe)
    for _ in range(20):
        breaker.read_only(breaker.admit())
    for _ in range(2):
        breaker.fail(breaker.admit())
    assert breaker.state == "closed"
    breaker.force(None)
    for state in ("closed", "closed", "open"):
        breaker.fail(breaker.admit())
        assert breaker.state == state
    assert breaker.retry_after() == 4, "the first pause again"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["open", "closed", None, "begin", "wait"]),
            st.sampled_from(["succeed", "fail", "time_out", "read_only", "abandon"]),
        ),
        max_size=30,
    )
)
def test_forcing_never_blocks_breaker_forever(events: list[tuple[str | None, str]]) -> None:
    clock = Clock()
    breaker = Breaker(clock, batches=2, cooldown=2, cap=8)
    for event, how in events:
        if event == "wait":
            clock.now += 3
        elif event == "begin":
            try:
                ticket = breaker.admit()
            except CircuitOpen:
                assert breaker.forced != "closed"
                continue
            assert breaker.forced != "open"
            settle = getattr(breaker, how)
            settle(ticket, 0) if how == "succeed" else settle(ticket)
        else:
            breaker.force(event)  # type: ignore[arg-type]
            assert event is None or breaker.state == event
    breaker.force(None)
    clock.now += 8
    breaker.admit()


#: Properties for every order of events.  tests/testing/test_breaker_machine.py shows that these
#: tests can fail.
TestBreaker = BreakerMachine.TestCase


class NewOrders(BreakerMachine):
    """The same machine, with orders of events that differ from run to run."""


TestBreakerInNewOrders = seed(SEED)(NewOrders.TestCase)
TestBreakerInNewOrders.settings = settings(derandomize=False, database=None, deadline=None)


class Jittered(BreakerMachine):
    """A breaker as in production: pauses have jitter, and one good probe does not close it."""

    def make(self, clock: Clock) -> Breaker:
        return Breaker(clock, batches=3, cooldown=2, cap=9, jitter=lambda: 0.25)


TestJitteredBreaker = Jittered.TestCase


def test_closed_breaker_has_nothing_to_wait_for() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    assert breaker.probe_at() is None
    breaker.read_only(breaker.admit())
    assert breaker.retry_after() > 0
    breaker.force("closed")
    assert (breaker.retry_after(), breaker.probe_at()) == (0, None)
    breaker.force("open")
    assert breaker.retry_after() == breaker.cap
