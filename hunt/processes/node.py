"""The supervisor's view of the node: readiness, metrics and clicks of all its workers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import structlog
import trio

from hunt.core.readiness import REPORT_INTERVAL, NodeState, Readiness, Report
from hunt.metrics.families import Family, Totals
from hunt.metrics.hunt_minutes import HuntMinutes
from hunt.metrics.metric import read
from hunt.metrics.node_declarations import NODE_METRICS, NodeCounts
from hunt.processes.messages import AskMinutes, AskTotal, Counts, FromWorker, Minutes, Total
from hunt.processes.worker_process import WorkerProcess

#: Seconds for the workers to send their metrics; a worker that hangs is left out.
COUNT_TIMEOUT = 0.5

#: Seconds for which the sum over the workers is shown again.  All workers show the same sum:
#: with sums of different age, counters would fall from one scrape to the next.
TOTAL_AGE = 1.0

#: Seconds of delay after which the supervisor itself was blocked, so that reports are unread.
_LATE = 0.25

log = structlog.get_logger("hunt")


class Node:
    """Tells every worker whether the node is ready, and answers for the node's metrics and clicks.

    Args:
        share: See `Readiness`.
        slots: Returns the worker process in each slot; None where there is none yet.
        running: Returns the same workers, and those that drain.
        draining: Returns whether the node drains.
    """

    def __init__(
        self,
        *,
        share: float,
        slots: Callable[[], Sequence[WorkerProcess | None]],
        running: Callable[[], Sequence[WorkerProcess]],
        draining: Callable[[], bool],
    ) -> None:
        self._slots, self._running, self._draining = slots, running, draining
        self._readiness = Readiness(share=share, clock=trio.current_time)
        self._totals = Totals()
        # Here, and not in the workers, so that they outlast a restart of the workers.
        self._minutes = HuntMinutes(self._clicks, time.time)
        self._ends = Counter(drained=0, failed=0)
        self._restarts = Counter(crash=0, hang=0, reload=0)
        self._changed = trio.Event()
        self._requests: list[tuple[WorkerProcess, int]] = []  # for the total, with their numbers
        self._requested = trio.Event()
        self._sum: list[Family] = []  # over the workers
        self._until = 0.0  # monotonic time up to which it is shown
        self._ready: bool | None = None

    def receive(self, worker: WorkerProcess, message: FromWorker) -> None:
        """Handle a message of a worker."""
        match message:
            case Report():
                if self._readiness.report(worker.pid, message):
                    self.tell_soon()
            case Counts(families=families):
                self._totals.take(worker.pid, families)
            case AskTotal(number=number):
                self._requests.append((worker, number))
                self._requested.set()
            case AskMinutes(number=number, hunt=hunt):
                answer = Minutes(number, self._minutes.of(hunt), self._minutes.since)
                worker.send(answer, key=(Minutes, number))

    def remove(self, worker: WorkerProcess) -> None:
        """Forget a worker that has ended; its counters stay in the total."""
        self._ends["drained" if worker.status == 0 else "failed"] += 1
        self._readiness.end(worker.pid)
        self._totals.end(worker.pid)
        self.tell_soon()

    def restarted(self, reason: Literal["crash", "hang", "reload"]) -> None:
        """Count a worker that was started in place of another one."""
        self._restarts[reason] += 1

    def tell_soon(self) -> None:
        """Tell the workers the node's state at once, because it may have changed."""
        self._changed.set()

    def state(self) -> NodeState:
        """Return whether the node is ready, and the state of each worker."""
        pids = [each.pid if each and each.alive else None for each in self._slots()]
        return self._readiness.node(pids, draining=self._draining())

    async def run(self) -> None:
        """Tell the state and answer requests until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._answer_requests)
            nursery.start_soon(self._minutes.run)
            while True:
                self._tell()
                due = trio.current_time() + REPORT_INTERVAL
                with trio.move_on_at(due):
                    await self._changed.wait()
                self._changed = trio.Event()
                if trio.current_time() > due + _LATE:
                    await trio.sleep(_LATE)  # waiting reports are read first

    def _tell(self) -> None:
        state = self.state()
        for worker in self._running():
            worker.send(state)
        if state.ready != self._ready:
            self._ready = state.ready
            unable = {each.process: each.reasons for each in state.workers if not each.able}
            log.info("node readiness changed", ready=state.ready, reasons=state.reasons, **(
                {"workers": unable} if unable else {}
            ))  # fmt: skip

    async def _answer_requests(self) -> None:
        """Answer requests for the node's metrics; those that wait share one answer."""
        while True:
            await self._requested.wait()
            self._requested = trio.Event()
            requests, self._requests = self._requests, []
            if time.monotonic() >= self._until:
                self._sum = await self._add_up()
                self._until = time.monotonic() + TOTAL_AGE
            for worker, number in requests:
                worker.send(Total(number, self._sum, self._until), key=(Total, number))

    async def _add_up(self) -> list[Family]:
        """Return the sum over the workers; one that does not answer counts as before."""
        fresh: list[int] = []
        with trio.move_on_after(COUNT_TIMEOUT):
            async with trio.open_nursery() as nursery:
                for worker in self._running():
                    nursery.start_soon(self._count, worker, fresh)
        return [*self._totals.total(fresh), *self._own_metrics()]

    @staticmethod
    async def _count(worker: WorkerProcess, fresh: list[int]) -> None:
        await worker.count()
        fresh.append(worker.pid)

    def _clicks(self) -> dict[tuple[str, str], float]:
        """Return the clicks of running and ended workers, by hunt and outcome."""
        clicks = self._totals.summed("hunt_clicks")
        return {(hunt, outcome): count for (hunt, outcome), count in clicks.items()}

    def _own_metrics(self) -> list[Family]:
        """Return the metrics that only the supervisor knows."""
        state = self.state()
        able = sum(each.able for each in state.workers)
        counts = NodeCounts(
            workers={"able": able, "unable": len(self._slots()) - able},
            ends=self._ends,
            restarts=self._restarts,
        )
        return read(NODE_METRICS, counts)
