"""One hunt's queue of clicks, committed in batches, one at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio
from msgspec import Struct

from hunt.core.events import Click, Outcome
from hunt.errors import OutcomeUnknown, Overloaded

#: Takes a hunt's id, a batch, and a function to call as soon as the batch is sent or has
#: to wait; returns an outcome for each click, in order.
Commit = Callable[[str, Sequence[Click], Callable[[], None]], Awaitable[list[Outcome]]]

#: Clicks that are worth a commit: the fixed cost of a commit is then no more than the cost
#: of its rows (`docs/reference/benchmarks.md`, the lane's pace).
WORTH = 32

#: Weight of the newest commit in the smoothed time of a commit, and in the usual time if it was
#: faster.
SMOOTHING = 0.2

#: Weight of the newest commit in the usual time if it was slower.  A longer pause would gather more
#: clicks, whose commit is slower again.
SMOOTHING_UP = 0.02


class Waiting(Struct, frozen=True, gc=False):
    """A click that waits for its outcome."""

    click: Click
    settled: Callable[[Outcome], None]  #: called once with the outcome; must not block or raise
    since: float  #: time of the click, by Trio's clock
    guest: bool = False  #: another worker has forwarded it, and counts it


#: Called with a hunt's id, its clicks, their outcomes, and start and end of their commit (None
#: without one), before each click's `settled`.
Settled = Callable[[str, Sequence[Waiting], Sequence[Outcome], tuple[float, float] | None], None]


def ignore(
    hunt: str,
    batch: Sequence[Waiting],
    outcomes: Sequence[Outcome],
    times: tuple[float, float] | None,
) -> None:
    """Do nothing; see `Settled`."""


class Lane:
    """Gathers one hunt's clicks while the previous batch is committed.

    A click in an idle lane is committed at once.  In a busy lane the next batch starts as
    soon as it is worth a commit (`WORTH` clicks, or a full batch), or when its interval has
    passed: twice the usual duration of a commit, at most `batch_interval`.  The usual duration
    falls fast and rises slowly, so a few slow commits hardly change it.  Small batches therefore
    keep the database busy for about half of the time, and under load it is never idle.

    Outcomes of a batch are delivered while the next one is committed.

    Args:
        hunt: The id of the hunt.
        commit: Makes a batch durable; its exceptions end the lane.
        batch_size: Maximum number of clicks of one commit, >= 1.
        batch_interval: Maximum time in seconds, >= 0, that a batch gathers in a busy lane.
        idle: Seconds, >= 0, without a click after which the lane ends.
        taken: Called with the number of clicks that have left the queue.
        settled: Called with all outcomes.
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
        settled: Settled = ignore,
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
        self._usual_time = 0.0  # usual seconds of a commit; 0: none has ended yet
        self._started_at = float("-inf")  # start of the last batch
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
        """Return the expected seconds until a click that arrives now is committed."""
        return len(self.waiting) / self._batch_size * self._commit_time

    def finish(self) -> None:
        """End the lane as soon as its queue is empty; cannot block."""
        self._finishing = True
        self._arrived.set()

    async def run(self) -> None:
        """Commit clicks until the lane has been idle for a while, or was told to finish.

        If cancelled, it settles waiting clicks as not recorded, and clicks in flight as
        unknown, so every click gets an outcome.
        """
        before = batch = _Batch([])
        try:
            while True:
                if not self.waiting or not self._due():
                    self._answer(before)
                    if not await self._wait_due():
                        return
                    if not self.waiting:
                        continue  # the clicks were refused meanwhile
                batch = self._take()
                started = trio.current_time()
                batch.outcomes = await self._commit(
                    self.hunt, batch.clicks(), partial(self._answer, before)
                )
                ended = trio.current_time()
                batch.times = started, ended
                self._learn(ended - started)
                self._answer(before)  # the commit may end without a call of `sent`
                before = batch
        finally:
            self._answer(before)
            self._answer(batch)
            self.fail_waiting(Overloaded("this server is stopping", retry_after=1.0))

    def _learn(self, took: float) -> None:
        """Take the duration of a commit, in seconds, into account."""
        self._commit_time += SMOOTHING * (took - self._commit_time)
        usual = self._usual_time or took
        self._usual_time = usual + (SMOOTHING_UP if took > usual else SMOOTHING) * (took - usual)

    def _pace(self) -> float:
        return min(2 * self._usual_time, self._batch_interval)

    def _due(self) -> bool:
        worth = len(self.waiting) >= self._worth
        return worth or trio.current_time() >= self._started_at + self._pace()

    async def _wait_due(self) -> bool:
        """Wait until a batch may start; return False when the lane has to end."""
        if not self.waiting:
            self._arrived = trio.Event()
            if not self._finishing:
                with trio.move_on_after(self._idle):
                    await self._arrived.wait()
            # No interval here, because an idle lane commits a click at once.
            return bool(self.waiting)
        self._gathered = trio.Event()
        with trio.move_on_at(self._started_at + self._pace()):
            await self._gathered.wait()
        return True

    def _take(self) -> _Batch:
        batch = _Batch(self.waiting[: self._batch_size])
        del self.waiting[: self._batch_size]
        self._started_at = trio.current_time()
        self._taken(len(batch.waiting))
        return batch

    def fail_waiting(self, refusal: Overloaded) -> None:
        """Settle all waiting clicks with `refusal`, at once."""
        rest = _Batch(self.waiting)
        self.waiting = []
        self._gathered.set()  # no batch can be due now
        self._taken(len(rest.waiting))
        rest.outcomes = [refusal] * len(rest.waiting)
        self._answer(rest)

    def _answer(self, batch: _Batch) -> None:
        """Deliver the outcomes of a batch, each once."""
        waiting, batch.waiting = batch.waiting, []
        if not waiting:
            return
        outcomes = batch.outcomes
        if outcomes is None:
            outcomes = [OutcomeUnknown()] * len(waiting)
        self._settled(self.hunt, waiting, outcomes, batch.times)
        for each, outcome in zip(waiting, outcomes, strict=True):
            each.settled(outcome)


class _Batch:
    """Clicks that have left the queue."""

    __slots__ = ("outcomes", "times", "waiting")

    def __init__(self, waiting: list[Waiting]) -> None:
        self.waiting = waiting  # clicks without an outcome yet
        self.outcomes: list[Outcome] | None = None  # None: not known
        self.times: tuple[float, float] | None = None  # start and end of the commit

    def clicks(self) -> list[Click]:
        return [each.click for each in self.waiting]
