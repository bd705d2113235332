"""The reasons for which a process cannot take clicks."""

from __future__ import annotations

import os
from dataclasses import dataclass

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hunt.core.breaker import Breaker
from hunt.core.readiness import NodeState, WorkerState
from hunt.service.readiness import Readiness


@dataclass
class Tail:
    deaf: bool = False

    def is_deaf(self) -> bool:
        return self.deaf

    def silence(self) -> float:
        return 7.4


@dataclass
class Tokens:
    waiting: bool = False


class Stage:
    def __init__(self) -> None:
        self.tail, self.tokens = Tail(), Tokens()
        self.breaker = Breaker(trio.current_time)
        self.readiness = Readiness(
            breaker=self.breaker,
            tail=self.tail,  # type: ignore[arg-type]
            tokens=self.tokens,  # type: ignore[arg-type]
        )


async def test_process_without_a_reason_is_ready(autojump_clock: MockClock) -> None:
    stage = Stage()
    assert not stage.readiness.draining
    able = WorkerState(process=os.getpid(), able=True, reasons=[])
    assert stage.readiness.node() == NodeState(ready=True, reasons=[], workers=[able])


async def test_every_reason_is_told(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage.tail.deaf = stage.tokens.waiting = True
    stage.breaker.force("open")
    stage.readiness.begin_drain()
    reasons = stage.readiness.reasons()
    assert reasons == [
        "draining",
        "the public keys of tokens are not known yet",
        f"the breaker is open: {stage.breaker.reason}",
        "no answer from the database for 7 s",
    ]
    worker = WorkerState(process=os.getpid(), able=False, reasons=reasons)
    assert stage.readiness.node() == NodeState(ready=False, reasons=reasons, workers=[worker])


async def test_each_change_wakes_the_tasks_that_wait(autojump_clock: MockClock) -> None:
    readiness, woken = Stage().readiness, list[str]()

    async def wait(name: str) -> None:
        await readiness.wait_changed()
        woken.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, "first")
        await wait_all_tasks_blocked()
        readiness.announce()
        await wait_all_tasks_blocked()
        assert woken == ["first"]
        nursery.start_soon(wait, "second")
        await wait_all_tasks_blocked()
        assert woken == ["first"], "an earlier change wakes nothing"
        readiness.begin_drain()
    assert woken == ["first", "second"]
    assert readiness.draining
