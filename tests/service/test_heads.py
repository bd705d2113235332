"""Processes take turns in publishing heads."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import trio
from trio.testing import MockClock

from hunt.errors import StoreUnavailable
from hunt.service.heads import Heads

OPEN = SimpleNamespace(id="harbour", seal="ab", state="open", at=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Nodes:
    """Processes that share a store.

    Args:
        count: Number of processes.
        hunts: The hunts that they know.
    """

    count: int
    hunts: list[Any] = field(default_factory=lambda: [OPEN])
    seq: int = 0
    upto: int = 0
    times: list[float] = field(default_factory=list)  #: of recorded heads
    asked: Counter[int] = field(default_factory=Counter)
    broken: bool = False

    def start(self, nursery: trio.Nursery) -> list[Heads]:
        source = random.Random(7)
        self.heads = [
            Heads(lambda: self.hunts, lambda _: self.seq, self.asking(number), jitter=source.random)
            for number in range(self.count)
        ]
        for each in self.heads:
            nursery.start_soon(each.run)
        return self.heads

    def asking(self, number: int) -> Any:
        async def publish() -> None:
            self.asked[number] += 1
            if self.broken:
                raise StoreUnavailable("gone")
            if self.seq > self.upto:
                self.upto = self.seq
                self.times.append(trio.current_time())
                for each in self.heads:
                    each.told("harbour")

        return publish

    async def click(self, seconds: float) -> None:
        """Let the log grow ten times a second."""
        for _ in range(round(seconds * 10)):
            self.seq += 1
            await trio.sleep(0.1)


async def test_one_of_many_processes_asks_each_second(autojump_clock: MockClock) -> None:
    nodes = Nodes(8)
    async with trio.open_nursery() as nursery:
        nodes.start(nursery)
        await nodes.click(60)
        nursery.cancel_scope.cancel()
    assert 50 <= len(nodes.times) <= 60
    assert sum(nodes.asked.values()) <= 1.2 * len(nodes.times)
    assert len(nodes.asked) > 1, "whichever wakes first asks"
    gaps = [later - sooner for sooner, later in zip(nodes.times, nodes.times[1:], strict=False)]
    assert max(gaps) <= 1.5


async def test_another_process_goes_on_when_one_is_gone(autojump_clock: MockClock) -> None:
    nodes = Nodes(2)
    async with trio.open_nursery() as nursery:
        first, _ = nodes.start(nursery)
        await nodes.click(5)
        before = len(nodes.times)
        first.told = lambda hunt: None  # type: ignore[method-assign]
        await nodes.click(5)
        assert len(nodes.times) > before
        nursery.cancel_scope.cancel()


async def test_idle_processes_seldom_ask(autojump_clock: MockClock) -> None:
    nodes = Nodes(1)
    async with trio.open_nursery() as nursery:
        nodes.start(nursery)
        await nodes.click(2)
        before = sum(nodes.asked.values())
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert 8 <= sum(nodes.asked.values()) - before <= 13


async def test_process_asks_after_a_log_has_grown_and_every_fifth_turn(
    autojump_clock: MockClock,
) -> None:
    seqs = {"harbour": 1, "river": 0, "lake": 0}
    asked: list[float] = []
    began = trio.current_time()

    async def publish() -> None:
        asked.append(trio.current_time() - began)
        heads.told("harbour")

    hunts: list[Any] = [OPEN, SimpleNamespace(id="river", seal="cd", state="closed")]
    heads = Heads(lambda: hunts, seqs.__getitem__, publish, jitter=lambda: 0.0)
    heads.told("lake")  # by another process, which knows a newer hunt
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heads.run)
        await trio.sleep(5.5)
        assert asked == [1, 5]
        seqs["river"] = 1
        await trio.sleep(1)
        assert asked == [1, 5, 6]
        heads.told("river")  # the next turn ends a second later
        await trio.sleep(3.5)
        assert asked == [1, 5, 6]
        await trio.sleep(1)
        assert asked == [1, 5, 6, 10.5]
        nursery.cancel_scope.cancel()


async def test_hunts_without_a_chain_are_not_asked_about(autojump_clock: MockClock) -> None:
    bare = SimpleNamespace(id="old", seal=None, state="open")
    draft = SimpleNamespace(id="draft", seal="ab", state="draft")
    nodes = Nodes(1, [bare, draft])
    async with trio.open_nursery() as nursery:
        nodes.start(nursery)
        await nodes.click(30)
        nursery.cancel_scope.cancel()
    assert not nodes.asked


async def test_failure_is_counted_and_repeated(autojump_clock: MockClock) -> None:
    nodes = Nodes(1, broken=True)
    async with trio.open_nursery() as nursery:
        (heads,) = nodes.start(nursery)
        await nodes.click(5)
        assert heads.faults == {"publish": nodes.asked[0]}
        assert nodes.asked[0] >= 3
        nodes.broken = False
        await nodes.click(3)
        assert nodes.times
        nursery.cancel_scope.cancel()
