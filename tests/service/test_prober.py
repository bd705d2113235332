from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from hunt.core.breaker import Breaker, State
from hunt.errors import HuntFailed, StoreError, StoreReadOnly, StoreTimeout, StoreUnavailable
from hunt.service.prober import DEADLINE, BreakerProber
from hunt.service.quarantine import Quarantine
from tests.support.hunts import named


def prober_of(
    breaker: Breaker,
    probe: Callable[[str | None], Awaitable[float]],
    changed: Callable[[State], None] = lambda state: None,
) -> BreakerProber:
    """Return a prober of a process without hunts."""
    quarantine = Quarantine(trio.current_time, jitter=lambda: 0.0)
    return BreakerProber(breaker, probe, quarantine=quarantine, hunts={}, changed=changed)


async def test_forced_breaker_is_not_probed_until_it_is_released(
    autojump_clock: MockClock,
) -> None:
    probed: list[float] = []
    states: list[State] = []

    async def probe(hunt: str | None) -> float:
        probed.append(trio.current_time())
        return 0.0

    breaker = Breaker(trio.current_time)
    prober = prober_of(breaker, probe, states.append)
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


async def test_unanswered_probe_is_a_timeout(
    autojump_clock: MockClock,
) -> None:
    async def frozen(hunt: str | None) -> float:
        await trio.sleep_forever()
        return 0.0

    breaker = Breaker(trio.current_time)
    prober = prober_of(breaker, frozen)
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
async def test_failed_probe_is_counted_by_kind_and_reopens_the_breaker(
    error: type[Exception], kind: str, reason: str, autojump_clock: MockClock
) -> None:
    states: list[State] = []

    async def probe(hunt: str | None) -> float:
        await trio.lowlevel.checkpoint()
        raise error("no")

    breaker = Breaker(trio.current_time)
    prober = prober_of(breaker, probe, states.append)
    breaker.time_out(breaker.admit())
    breaker.time_out(breaker.admit())
    assert breaker.state == "open"
    assert not await prober._probe_once(), "its time has not come"
    for _ in range(2):
        at = breaker.probe_at()
        assert at is not None
        await trio.sleep_until(at)
        assert not await prober._probe_once()
        assert (breaker.state, breaker.reason) == ("open", reason)
    assert +prober.faults == {kind: 2}
    assert states == ["half-open", "open"] * 2


async def test_confirmation_of_a_closed_breaker_ends_with_the_first_good_probe(
    autojump_clock: MockClock,
) -> None:
    slow = Breaker(trio.current_time).slow
    answers = [StoreUnavailable("no"), 2 * slow, slow, 0.0]

    async def probe(hunt: str | None) -> float:
        await trio.lowlevel.checkpoint()
        assert hunt is None, "any hunt, before the first commit"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    breaker = Breaker(trio.current_time)
    prober = prober_of(breaker, probe)
    await prober.confirm()
    assert (answers, breaker.state) == ([0.0], "closed")
    breaker.force("closed")
    await prober.confirm()
    assert answers == [0.0], "a breaker that is held needs no proof"


async def unused(hunt: str | None) -> float:
    raise NotImplementedError


async def test_unchanged_breaker_is_not_reported() -> None:
    states: list[State] = []
    breaker = Breaker(trio.current_time)
    prober = prober_of(breaker, unused, states.append)
    assert prober.faults == {"read_only": 0, "timeout": 0, "unavailable": 0}
    prober.observe()
    breaker.succeed(breaker.admit(), 0.0)
    prober.observe()
    assert states == []


@pytest.mark.parametrize(
    "error", [StoreUnavailable(), StoreTimeout(), StoreReadOnly(), None], ids=repr
)
async def test_prober_closes_the_breaker_after_a_good_probe(
    autojump_clock: MockClock, error: StoreError | None
) -> None:
    breaker = Breaker(trio.current_time, cooldown=4, cap=8)
    states: list[tuple[float, str]] = []
    bad = [error]

    async def probe(hunt: str | None) -> float:
        if bad:
            failure = bad.pop()
            if failure is not None:
                raise failure
            await trio.sleep_forever()  # frozen: its deadline ends it
        return 0.0

    began = trio.current_time()
    prober = prober_of(
        breaker, probe, lambda state: states.append((trio.current_time() - began, state))
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(prober.run)
        await trio.sleep(1)
        breaker.read_only(breaker.admit())
        prober.observe()
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    frozen = 4 if error is None else 0
    assert prober.faults.total() == 1
    assert states == [
        (1, "open"),
        (5, "half-open"),
        (5 + frozen, "open"),
        (13 + frozen, "half-open"),
        (13 + frozen, "closed"),
    ]


async def test_database_that_was_reached_again_is_probed_at_once(
    autojump_clock: MockClock,
) -> None:
    probed: list[float] = []

    async def probe(hunt: str | None) -> float:
        probed.append(trio.current_time())
        return 0.0

    breaker = Breaker(trio.current_time, cooldown=100, cap=100)
    prober = prober_of(breaker, probe)
    breaker.read_only(breaker.admit())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(prober.run)
        await trio.sleep(1)
        assert probed == []
        prober.probe_soon()
        began = trio.current_time()
        await trio.sleep(1)
        assert probed[:1] == [began]
        nursery.cancel_scope.cancel()


async def test_bug_in_a_probe_leaves_the_breaker_to_the_next_probe() -> None:
    breaker = Breaker(trio.current_time, cooldown=0.001)
    breaker.read_only(breaker.admit())

    async def probe(hunt: str | None) -> float:
        raise KeyError

    prober = prober_of(breaker, probe)
    with pytest.raises(KeyError):
        await prober.run()
    assert breaker.probe_at() is not None


async def test_probe_of_a_hunt_in_quarantine_goes_to_another_hunt() -> None:
    breaker = Breaker(trio.current_time)
    quarantine = Quarantine(trio.current_time, jitter=lambda: 0.0)
    hunts = {each: named(each) for each in ("attic", "harbour", "lake")}
    hunts["attic"] = replace(hunts["attic"], state="closed")
    probed: list[str | None] = []

    async def probe(hunt: str | None) -> float:
        await trio.lowlevel.checkpoint()
        probed.append(hunt)
        raise HuntFailed("locked")

    prober = BreakerProber(
        breaker, probe, quarantine=quarantine, hunts=hunts, changed=lambda state: None
    )
    prober.observe("harbour")
    for _ in range(3):
        await prober._probe_once()
    assert probed == ["harbour", "lake", None]
    assert set(quarantine.hunts) == {"harbour", "lake"}
