from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from hunt.core.breaker import Breaker, State
from hunt.errors import StoreReadOnly, StoreTimeout, StoreUnavailable
from hunt.service.prober import DEADLINE, BreakerProber


async def test_a_breaker_that_is_held_open_is_not_probed_until_it_is_let_go_of(
    autojump_clock: MockClock,
) -> None:
    probed: list[float] = []
    states: list[State] = []

    async def probe() -> float:
        probed.append(trio.current_time())
        return 0.0

    breaker = Breaker(trio.current_time)
    prober = BreakerProber(breaker, probe, changed=states.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(prober.run)
        await trio.sleep(1)
        breaker.read_only(breaker.admit())
        breaker.force("open")
        prober.observe()
        await trio.sleep(100)
        assert not probed
        breaker.force(None)
        prober.observe()
        await trio.sleep(1)
        assert len(probed) == 3
        assert states == ["open", "half-open", "closed"]
        breaker.force("closed")
        prober.observe()
        breaker.read_only(breaker.admit())
        prober.observe()
        await trio.sleep(100)
        assert (len(probed), breaker.state) == (3, "closed")
        nursery.cancel_scope.cancel()


async def test_probe_without_an_answer_is_given_up_as_a_timeout(
    autojump_clock: MockClock,
) -> None:
    breaker = Breaker(trio.current_time)
    prober = BreakerProber(breaker, trio.sleep_forever, changed=lambda state: None)
    breaker.read_only(breaker.admit())
    prober.observe()
    began = breaker.probe_at()
    assert began is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(prober.run)
        await trio.sleep_until(began + DEADLINE - 0.5)
        assert breaker.state == "half-open"
        await trio.sleep(1)
        assert (breaker.state, breaker.reason) == ("open", "timeout")
        nursery.cancel_scope.cancel()
    assert prober.faults == {"read_only": 0, "timeout": 1, "unavailable": 0}
    assert DEADLINE < 10, "the breaker could not close for so long"


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (StoreReadOnly, "read_only", "read-only"),
        (StoreTimeout, "timeout", "timeout"),
        (StoreUnavailable, "unavailable", "unavailable"),
    ],
)
async def test_failed_probe_is_counted_by_its_kind_and_keeps_the_breaker_open(
    error: type[Exception], kind: str, reason: str, autojump_clock: MockClock
) -> None:
    states: list[State] = []

    async def probe() -> float:
        await trio.lowlevel.checkpoint()
        raise error("no")

    breaker = Breaker(trio.current_time)
    prober = BreakerProber(breaker, probe, changed=states.append)
    breaker.time_out(breaker.admit())
    breaker.time_out(breaker.admit())
    assert breaker.state == "open"
    assert not await prober._probe_once(), "its time has not come"
    at = breaker.probe_at()
    assert at is not None
    await trio.sleep_until(at)
    assert not await prober._probe_once()
    assert (breaker.state, breaker.reason) == ("open", reason)
    assert {name for name, count in prober.faults.items() if count} == {kind}
    assert states == ["half-open", "open"]


async def test_proof_of_a_closed_breaker_ends_with_the_first_good_probe(
    autojump_clock: MockClock,
) -> None:
    answers = [StoreUnavailable("no"), 2 * Breaker(trio.current_time).slow, 0.0, 0.0]

    async def probe() -> float:
        await trio.lowlevel.checkpoint()
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    breaker = Breaker(trio.current_time)
    prober = BreakerProber(breaker, probe, changed=lambda state: None)
    await prober.confirm()
    assert (answers, breaker.state) == ([0.0], "closed")
    breaker.force("closed")
    await prober.confirm()
    assert answers == [0.0], "a breaker that is held needs no proof"


async def test_breaker_that_has_not_moved_is_not_reported() -> None:
    states: list[State] = []
    breaker = Breaker(trio.current_time)
    prober = BreakerProber(breaker, trio.sleep_forever, changed=states.append)
    prober.observe()
    breaker.succeed(breaker.admit(), 0.0)
    prober.observe()
    assert states == []
