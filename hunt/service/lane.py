"""The way of one hunt's clicks to the log: in batches, one commit at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio
from msgspec import Struct

from hunt.core.events import Click, Outcome
from hunt.errors import OutcomeUnknown, Overloaded

#: Gets a hunt, a batch, and what to call as soon as the batch is on its way (or has
#: to wait for that); returns an outcome for each click, in order.
Commit = Callable[[str, Sequence[Click], Callable[[], None]], Awaitable[list[Outcome]]]

#: Clicks that do not wait for more: what a commit costs beyond its rows is then no more
#: than what they cost (`docs/reference/benchmarks.md`, the lane's pace).
WORTH = 32

#: Weight of the newest commit in the smoothed time of a commit.
SMOOTHING = 0.2


class Waiting(Struct, frozen=True, gc=False):
    """A click, and whom to tell what became of it."""

    click: Click
    settled: Callable[[Outcome], None]  #: called once; must not block, nor raise
    since: float  #: by Trio's clock


#: Told of the outcomes of a hunt's clicks, before those who wait for them.
Settled = Callable[[str, Sequence[Waiting], Sequence[Outcome]], None]


def unheard(hunt: str, batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    """See `Settled`: nobody wants to know."""


class Lane:
    """Gathers one hunt's clicks while the batch before them is committed.

    A click that finds the lane idle leaves at once.  In a busy lane the next batch
    leaves as soon as it is worth a commit (`WORTH` clicks, or a full batch), or when
    its pace is up: twice the smoothed time of a commit since the last batch left, at
    most `batch_interval`.  So under load the database never waits for us; where few
    click it answers within milliseconds, and is at most half busy with small batches.

    The answers of a batch are given while the next one is committed, so that the
    database never waits for us.

    Args:
        hunt: Its id.
        commit: Makes a batch durable; what it raises ends the lane.
        batch_size: Clicks of one commit, >= 1, at most.
        batch_interval: Seconds, >= 0, that a batch gathers in a busy lane, at most.
        idle: Seconds, >= 0, without a click after which the lane ends.
        taken: Told how many clicks have left the queue.
        settled: Told of all outcomes.
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
        settled: Settled = unheard,
    ) -> None:
        self.hunt = hunt
        self.waiting: list[Waiting] = []
        self._commit = commit
        self._batch_size = batch_size
        self._worth = min(WORTH, batch_size)
        self._batch_interval = batch_interval
        self._idle = idle
        self._taken = taken
        self._settled = settled
        self._arrived = trio.Event()
        self._gathered = trio.Event()
        self._commit_time = 0.0  # seconds, smoothed
        self._left_at = float("-inf")  # the last batch
        self._finishing = False

    def put(self, waiting: Waiting) -> None:
        """Add a click; cannot block."""
        self.waiting.append(waiting)
        count = len(self.waiting)
        if count == 1:
            self._arrived.set()
        if count == self._worth:
            self._gathered.set()

    def wait(self) -> float:
        """Return the seconds for which a click that came now would wait, by the commits so far."""
        return len(self.waiting) / self._batch_size * self._commit_time

    def finish(self) -> None:
        """Have the lane end as soon as nothing waits."""
        self._finishing = True
        self._arrived.set()

    async def run(self) -> None:
        """Commit what comes, until the lane has been idle or told to finish.

        Cancelled, it settles what waits as not recorded, and what was on its way
        as unknown: nobody is left waiting.
        """
        before = batch = _Batch([])
        try:
            while True:
                if not self.waiting or not self._due():
                    self._answer(before)
                    if not await self._wait_due():
                        return
                    if not self.waiting:
                        continue  # they were refused meanwhile
                batch = self._take()
                started = trio.current_time()
                batch.outcomes = await self._commit(
                    self.hunt, batch.clicks(), partial(self._answer, before)
                )
                took = trio.current_time() - started
                self._commit_time += SMOOTHING * (took - self._commit_time)
                self._answer(before)  # it may have ended before it was on its way
                before = batch
        finally:
            self._answer(before)
            self._answer(batch)
            self.fail_waiting(Overloaded("this server is stopping", retry_after=1.0))

    def _pace(self) -> float:
        return min(2 * self._commit_time, self._batch_interval)

    def _due(self) -> bool:
        worth = len(self.waiting) >= self._worth
        return worth or trio.current_time() >= self._left_at + self._pace()

    async def _wait_due(self) -> bool:
        """Wait until a batch may leave; return False when the lane has to end."""
        if not self.waiting:
            self._arrived = trio.Event()
            if not self._finishing:
                with trio.move_on_after(self._idle):
                    await self._arrived.wait()
            # No pace here: who finds the lane idle leaves at once.
            return bool(self.waiting)
        self._gathered = trio.Event()
        with trio.move_on_at(self._left_at + self._pace()):
            await self._gathered.wait()
        return True

    def _take(self) -> _Batch:
        batch = _Batch(self.waiting[: self._batch_size])
        del self.waiting[: self._batch_size]
        self._left_at = trio.current_time()
        self._taken(len(batch.waiting))
        return batch

    def fail_waiting(self, refusal: Overloaded) -> None:
        """Settle all that waits with `refusal`, at once."""
        rest = _Batch(self.waiting)
        self.waiting = []
        self._gathered.set()  # there is no batch that could be due
        self._taken(len(rest.waiting))
        rest.outcomes = [refusal] * len(rest.waiting)
        self._answer(rest)

    def _answer(self, batch: _Batch) -> None:
        """Tell those who wait for a batch; nobody is told twice."""
        waiting, batch.waiting = batch.waiting, []
        if not waiting:
            return
        outcomes = batch.outcomes
        if outcomes is None:
            outcomes = [OutcomeUnknown()] * len(waiting)
        self._settled(self.hunt, waiting, outcomes)
        for each, outcome in zip(waiting, outcomes, strict=True):
            each.settled(outcome)


class _Batch:
    """Clicks that have left the queue."""

    __slots__ = ("outcomes", "waiting")

    def __init__(self, waiting: list[Waiting]) -> None:
        self.waiting = waiting  # for their answers
        self.outcomes: list[Outcome] | None = None  # None: not known

    def clicks(self) -> list[Click]:
        return [each.click for each in self.waiting]
