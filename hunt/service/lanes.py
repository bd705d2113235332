"""All lanes of a process, and the limits of their queues."""

from __future__ import annotations

from collections.abc import Callable

import trio

from hunt.core.events import Click, Outcome
from hunt.errors import Draining, Overloaded, QueueFull
from hunt.service.lane import Commit, Lane, Settled, Waiting, ignore


class Lanes:
    """One lane for each hunt with clicks; a slow or failing hunt delays no other one.

    Args:
        commit: See `Lane`.
        batch_size: See `Lane`.
        batch_interval: See `Lane`.
        queue_size: Maximum number of clicks, >= 1, that wait in all lanes together.
        queue_age: A lane refuses clicks while its oldest click is older, in seconds, > 0.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
        settled: See `Lane`.
    """

    def __init__(
        self,
        commit: Commit,
        *,
        batch_size: int,
        batch_interval: float,
        queue_size: int,
        queue_age: float,
        jitter: Callable[[], float],
        settled: Settled = ignore,
    ) -> None:
        self._commit = commit
        self._batch_size = batch_size
        self._batch_interval = batch_interval
        self._queue_size = queue_size
        self._queue_age = queue_age
        self._jitter = jitter
        self._settled = settled
        self._lanes: dict[str, Lane] = {}
        self._queued = 0
        self._nursery: trio.Nursery | None = None
        self.draining = False  #: whether new clicks are refused
        self._ended = trio.Event()  # set when a lane ends, then replaced

    def put(
        self,
        hunt: str,
        click: Click,
        settled: Callable[[Outcome], None],
        now: float,
        *,
        guest: bool = False,
    ) -> None:
        """Queue a click for its commit; cannot block.

        Args:
            hunt: The id of the hunt.
            click: A click that was drawn.
            settled: Called once with the outcome; must not block or raise.
            now: The time by Trio's clock.
            guest: See `Waiting`.

        Raises:
            Draining: The process is stopping; the click was not recorded.
            QueueFull: The queue is too long or too old; the click was not recorded.
        """
        if self.draining or self._nursery is None:
            raise Draining(retry_after=1 + self._jitter())
        lane = self._lanes.get(hunt)
        # The expected wait counts, too.  By the time the oldest click is too old, as many
        # further clicks have been queued.
        old = (
            lane is not None
            and lane.waiting
            and (now - lane.waiting[0].since > self._queue_age or lane.wait() > self._queue_age)
        )
        if old or self._queued >= self._queue_size:
            raise QueueFull(retry_after=0.5 + self._jitter())
        if lane is None:
            lane = self._lanes[hunt] = Lane(
                hunt,
                self._commit,
                batch_size=self._batch_size,
                batch_interval=self._batch_interval,
                taken=self._took,
                settled=self._settled,
            )
            self._nursery.start_soon(self._serve, lane)
        self._queued += 1
        lane.put(Waiting(click, settled, now, guest))

    def _took(self, count: int) -> None:
        self._queued -= count

    async def _serve(self, lane: Lane) -> None:
        try:
            await lane.run()
        finally:
            del self._lanes[lane.hunt]
            self._ended.set()
            self._ended = trio.Event()

    def queued(self) -> int:
        """Return the number of waiting clicks, without those in flight."""
        return self._queued

    def oldest(self) -> float:
        """Return the age of the oldest waiting click in seconds; 0 without one."""
        heads = [lane.waiting[0].since for lane in self._lanes.values() if lane.waiting]
        return trio.current_time() - min(heads) if heads else 0.0

    def fail_waiting(self, refusal: Overloaded) -> None:
        """Refuse all waiting clicks at once; clicks in flight get their own outcome."""
        for lane in tuple(self._lanes.values()):
            lane.fail_waiting(refusal)

    async def drain(self) -> None:
        """Refuse new clicks, and return once all waiting ones are committed."""
        self.draining = True
        for lane in self._lanes.values():
            lane.finish()
        while self._lanes:
            await self._ended.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the lanes until cancelled; an exception of one lane ends all."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None
