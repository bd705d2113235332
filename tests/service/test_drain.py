from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import trio
from trio.testing import MockClock

from hunt.core.breaker import Breaker
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.token_verifier import TokenVerifier
from hunt.errors import Draining
from hunt.service.drain import Drain
from hunt.service.lanes import Lanes
from hunt.service.readiness import Readiness
from hunt.service.tail import Tail
from tests.support.hubs import make_hub, subscribed, subscription_of

CLICK = Click("0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90", "ada", 0.0, 0.0, None, 0)


class Process:
    """A drain with its services, and the times of its callbacks."""

    def __init__(self, *, delay: float = 0.0, commit_time: float = 0.0) -> None:
        self.commit_time = commit_time
        self.hub = make_hub()[0]
        self.lanes = Lanes(
            self._commit, batch_size=9, batch_interval=0, queue_size=9, queue_age=9,
            jitter=lambda: 0,
        )  # fmt: skip
        self.readiness = Readiness(
            breaker=Breaker(trio.current_time),
            tail=Tail(read=_read, last=_last, publish=print, jitter=lambda: 0.0),
            tokens=TokenVerifier([b"s" * 32], clock=trio.current_time),
        )
        self.called: dict[str, float] = {}
        self.drain = Drain(
            readiness=self.readiness,
            hub=self.hub,
            commits=self.lanes,
            delay=delay,
            timeout=3.0,
            refusing=lambda: self._note("refusing"),
            drained=lambda: self._note("drained"),
        )
        self.began = trio.current_time()

    def _note(self, name: str) -> None:
        self.called[name] = trio.current_time() - self.began

    async def _commit(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        await trio.sleep(self.commit_time)
        return [Settlement(Reward(1, each.id, each.player, None, 0, ""), False) for each in clicks]


async def _read(hunt: str, after: int, upto: int) -> list[Reward]:
    raise NotImplementedError


async def _last() -> dict[str, int]:
    raise NotImplementedError


async def test_drain_delays_the_refusal_but_not_the_readiness(autojump_clock: MockClock) -> None:
    process = Process(delay=2.0)
    async with trio.open_nursery() as nursery:
        await nursery.start(process.lanes.run)
        nursery.start_soon(process.drain.run)
        await trio.sleep(1)
        assert process.readiness.reasons() == ["draining"]
        assert not process.drain.requested.is_set(), "no operator has asked for it"
        process.lanes.put("harbour", CLICK, print, trio.current_time())
        await process.drain.run()
        assert process.called == {"refusing": 2.0, "drained": 2.0}
        with pytest.raises(Draining):
            process.lanes.put("harbour", CLICK, print, trio.current_time())
        nursery.cancel_scope.cancel()


async def test_drain_commits_waiting_clicks_and_ends_streams(autojump_clock: MockClock) -> None:
    process = Process(commit_time=1.0)
    outcomes: list[Outcome] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(process.lanes.run)
        process.lanes.put("harbour", CLICK, outcomes.append, trio.current_time())
        with subscribed(process.hub, subscription_of("ada"), buffer=1, transport="sse") as mailbox:
            await process.drain.run()
        assert mailbox.reason == "drain"
        assert len(outcomes) == 1
        assert process.called == {"refusing": 0.0, "drained": 1.0}
        nursery.cancel_scope.cancel()


async def test_drain_ends_after_its_timeout(autojump_clock: MockClock) -> None:
    process = Process(commit_time=60.0)
    async with trio.open_nursery() as nursery:
        await nursery.start(process.lanes.run)
        process.lanes.put("harbour", CLICK, lambda outcome: None, trio.current_time())
        await process.drain.run()
        assert process.called == {"refusing": 0.0, "drained": 3.0}
        nursery.cancel_scope.cancel()
