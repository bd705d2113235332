"""The way of one hunt's clicks to the log: in batches, one commit at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import trio
from msgspec import Struct

from hunt.core.events import Click, Outcome
from hunt.errors import OutcomeUnknown, Overloaded

Commit = Callable[[str, Sequence[Click]], Awaitable[list[Outcome]]]

#: Weight of the newest commit in the smoothed time of a commit.
SMOOTHING = 0.2


class Waiting(Struct, frozen=True):
    """A click, and whom to tell what became of it."""

    click: Click
    settled: Callable[[Outcome], None]  #: called once; must not block, nor raise
    since: float  #: by Trio's clock


class Lane:
    """Gathers one hunt's clicks while the batch before them is committed.

    A click that finds the lane idle leaves at once.  In a busy lane the next
    batch leaves when it is full, or when its pace is up: twice the smoothed time
    of a commit since the last batch left, at most `batch_interval`.  So a fast
    database answers within milliseconds and is at most half busy with small
    batches; a slow one gets large ones.

    Args:
        hunt: Its id.
        commit: Returns an outcome for each click, in order; what it raises ends the lane.
        batch_size: Clicks of one commit, >= 1, at most.
        batch_interval: Seconds, >= 0, that a batch gathers in a busy lane, at most.
        idle: Seconds, >= 0, without a click after which the lane ends.
        taken: Told how many clicks have left the queue.
    """

    def __init__(
        self,
        hunt: str,
        commit: Commit,
        *,
        batch_size: int,
        batch_interval: float,
        idle: float = 30.0,
        taken: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.hunt = hunt
        self.waiting: deque[Waiting] = deque()
        self._commit = commit
        self._batch_size = batch_size
        self._batch_interval = batch_interval
        self._idle = idle
        self._taken = taken
        self._arrived = trio.Event()
        self._full = trio.Event()
        self._commit_time = 0.0  # seconds, smoothed
        self._left_at = float("-inf")  # the last batch
        self._finishing = False

    def put(self, waiting: Waiting) -> None:
        """Add a click; cannot block."""
        self.waiting.append(waiting)
        self._arrived.set()
        if len(self.waiting) >= self._batch_size:
            self._full.set()

    def finish(self) -> None:
        """Have the lane end as soon as nothing waits."""
        self._finishing = True
        self._arrived.set()

    async def run(self) -> None:
        """Commit what comes, until the lane has been idle or told to finish.

        Cancelled, it settles what waits as not recorded, and what was on its way
        as unknown: nobody is left waiting.
        """
        batch: list[Waiting] = []
        answers: list[Outcome] = []
        try:
            while True:
                if not self.waiting or not self._due():
                    _settle(batch, answers)
                    batch, answers = [], []
                    if not await self._wait_due():
                        return
                before, batch = batch, self._take()
                previous, answers = answers, []
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._send, batch, answers)
                    # The next batch is on its way before the last is answered, so
                    # that the database never waits for us.
                    await trio.lowlevel.cancel_shielded_checkpoint()
                    _settle(before, previous)
        finally:
            unknown = OutcomeUnknown()
            _settle(batch, answers or [unknown] * len(batch))
            rest = self._take_all()
            refusal = Overloaded("this server is stopping", retry_after=1.0)
            _settle(rest, [refusal] * len(rest))

    async def _send(self, batch: list[Waiting], answers: list[Outcome]) -> None:
        started = trio.current_time()
        answers += await self._commit(self.hunt, [each.click for each in batch])
        took = trio.current_time() - started
        self._commit_time += SMOOTHING * (took - self._commit_time)

    def _pace(self) -> float:
        return min(2 * self._commit_time, self._batch_interval)

    def _due(self) -> bool:
        full = len(self.waiting) >= self._batch_size
        return full or trio.current_time() >= self._left_at + self._pace()

    async def _wait_due(self) -> bool:
        """Wait until a batch may leave; return False when the lane has to end."""
        if not self.waiting:
            self._arrived = trio.Event()
            if not self._finishing:
                with trio.move_on_after(self._idle):
                    await self._arrived.wait()
            # No pace here: who finds the lane idle leaves at once.
            return bool(self.waiting)
        self._full = trio.Event()
        with trio.move_on_at(self._left_at + self._pace()):
            await self._full.wait()
        return True

    def _take(self) -> list[Waiting]:
        batch = [self.waiting.popleft() for _ in range(min(self._batch_size, len(self.waiting)))]
        self._left_at = trio.current_time()
        self._taken(len(batch))
        return batch

    def _take_all(self) -> list[Waiting]:
        rest = list(self.waiting)
        self.waiting.clear()
        self._taken(len(rest))
        return rest

    def fail_waiting(self, refusal: Overloaded) -> None:
        """Settle all that waits with `refusal`, at once."""
        rest = self._take_all()
        _settle(rest, [refusal] * len(rest))


def _settle(batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        waiting.settled(outcome)
