"""A node as its supervisor knows it: what its worker processes report, and what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import structlog
import trio

from hunt.core.readiness import REPORT_INTERVAL, NodeState, Readiness, Report
from hunt.metrics.families import Family, Sample, Totals
from hunt.processes.orders import AskTotal, Counts, FromWorker, Total
from hunt.processes.worker_process import Process

#: Seconds for the workers to send all their metrics; one that stands still is left out.
COUNT_TIMEOUT = 0.5

#: Seconds late, from which on it was the supervisor that stood still: reports wait to be read.
_LATE = 0.25

log = structlog.get_logger("hunt")


class Node:
    """Tells every worker whether the node is ready, and answers for its metrics.

    Args:
        share: As of `Readiness`.
        places: Returns the process that serves in each place.
        running: Returns these and those that drain.
        draining: Returns whether the node drains.
    """

    def __init__(
        self,
        *,
        share: float,
        places: Callable[[], Sequence[Process]],
        running: Callable[[], Sequence[Process]],
        draining: Callable[[], bool],
    ) -> None:
        self._places, self._running, self._draining = places, running, draining
        self._readiness = Readiness(share=share, clock=trio.current_time)
        self._totals = Totals()
        self._ends = Counter(drained=0, failed=0)
        self._moved = trio.Event()
        self._asked: list[tuple[Process, int]] = []
        self._question = trio.Event()
        self._ready: bool | None = None

    def heard(self, process: Process, message: FromWorker) -> None:
        """Take a message of a worker."""
        match message:
            case Report():
                if self._readiness.report(process.pid, message):
                    self.moved()
            case Counts(families=families):
                self._totals.take(process.pid, families)
            case AskTotal(number=number):
                self._asked.append((process, number))
                self._question.set()

    def ended(self, process: Process) -> None:
        """Note the end of a process; what it has counted stays."""
        self._ends["drained" if process.status == 0 else "failed"] += 1
        self._readiness.end(process.pid)
        self._totals.end(process.pid)
        self.moved()

    def moved(self) -> None:
        """Tell the workers at once: something that readiness depends on has changed."""
        self._moved.set()

    def state(self) -> NodeState:
        """Return whether the node is ready."""
        places = [each.pid if each.alive else None for each in self._places()]
        return self._readiness.node(places, draining=self._draining())

    async def run(self) -> None:
        """Tell and answer until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._answer)
            while True:
                self._tell()
                due = trio.current_time() + REPORT_INTERVAL
                with trio.move_on_at(due):
                    await self._moved.wait()
                self._moved = trio.Event()
                if trio.current_time() > due + _LATE:
                    await trio.sleep(_LATE)  # what has come meanwhile is read first

    def _tell(self) -> None:
        state = self.state()
        for process in self._running():
            process.say(state)
        if state.ready != self._ready:
            self._ready = state.ready
            unable = {each.process: each.reasons for each in state.workers if not each.able}
            log.info("node readiness changed", ready=state.ready, reasons=state.reasons, **(
                {"workers": unable} if unable else {}
            ))  # fmt: skip

    async def _answer(self) -> None:
        """Answer the workers that ask for the node's metrics, all that wait at a time."""
        while True:
            await self._question.wait()
            self._question = trio.Event()
            asked, self._asked = self._asked, []
            fresh: list[int] = []
            with trio.move_on_after(COUNT_TIMEOUT):
                async with trio.open_nursery() as nursery:
                    for process in self._running():
                        nursery.start_soon(self._count, process, fresh)
            families = [*self._totals.total(fresh), *self._own()]
            for process, number in asked:
                process.say(Total(number, families), key=(Total, number))

    @staticmethod
    async def _count(process: Process, fresh: list[int]) -> None:
        await process.count()
        fresh.append(process.pid)

    def _own(self) -> list[Family]:
        """Return what only the supervisor knows."""
        state = self.state()
        able = sum(each.able for each in state.workers)
        counts = {"able": able, "unable": len(self._places()) - able}
        return [
            Family(
                name="hunt_workers", kind="gauge", rule="sum",
                text="Worker processes, by whether they can take clicks.",
                samples=[Sample("hunt_workers", (("state", k),), v) for k, v in counts.items()],
            ),
            Family(
                name="hunt_worker_ends", kind="counter", rule="sum",
                text="Worker processes that ended: drained, or failed and were replaced.",
                samples=[
                    Sample("hunt_worker_ends_total", (("how", k),), v)
                    for k, v in self._ends.items()
                ],
            ),
        ]  # fmt: skip
