from __future__ import annotations

import trio
from trio.testing import MockClock

from hunt.core.breaker import Breaker, State
from hunt.service.supervisor import Supervisor


async def test_a_breaker_that_is_held_open_is_not_probed_until_it_is_let_go_of(
    autojump_clock: MockClock,
) -> None:
    probed: list[float] = []
    states: list[State] = []

    async def probe() -> float:
        probed.append(trio.current_time())
        return 0.0

    breaker = Breaker(trio.current_time)
    supervisor = Supervisor(breaker, probe, changed=states.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        await trio.sleep(1)
        breaker.read_only(breaker.admit())
        breaker.force("open")
        supervisor.look()
        await trio.sleep(100)
        assert not probed
        breaker.force(None)
        supervisor.look()
        await trio.sleep(1)
        assert len(probed) == 3
        assert states == ["open", "half-open", "closed"]
        breaker.force("closed")
        supervisor.look()
        breaker.read_only(breaker.admit())
        supervisor.look()
        await trio.sleep(100)
        assert (len(probed), breaker.state) == (3, "closed")
        nursery.cancel_scope.cancel()
