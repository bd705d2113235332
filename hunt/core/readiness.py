"""Whether a node can take clicks: the rule that its supervisor applies to its workers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from msgspec import Struct

#: Seconds between two reports of a worker process, and between two of the supervisor.
REPORT_INTERVAL = 0.25

#: Seconds after its last report from which on a worker counts as not able.
WORKER_SILENCE = 1.0

#: Seconds after the supervisor's last word from which on a worker says "not ready".
SUPERVISOR_SILENCE = 2.0


class Report(Struct, frozen=True, kw_only=True, tag=True):
    """What a worker process says about itself."""

    reasons: list[str]  #: why it can take no clicks; empty: it can
    failing: bool  #: its breaker is not closed, and not because an operator holds it
    alarm: int  #: the latest alarm that it knows of, see `Readiness`


class WorkerState(Struct, frozen=True, kw_only=True):
    """One worker process, as operators see it."""

    process: int  #: its id
    able: bool  #: it can take clicks
    reasons: list[str]  #: why not


class NodeState(Struct, frozen=True, kw_only=True, tag=True):
    """The readiness of a node."""

    ready: bool
    reasons: list[str]  #: why not
    workers: list[WorkerState]
    alarm: int = 0  #: see `Readiness`


class Readiness:
    """The supervisor's knowledge of its workers, and the decision that follows from it.

    The first failure of the database that opens one worker's breaker is an *alarm*.
    The other breakers stay closed: the database may serve them well.  But an idle worker
    has not asked it, so none counts as able until it has heard of the alarm and a probe
    of its own has succeeded.  Its next report then names the alarm.

    Args:
        share: Of the workers, 0 to 1, that must be able for the node to be ready; at
            least one must.
        clock: Monotonic time, in seconds.
    """

    def __init__(self, *, share: float, clock: Callable[[], float]) -> None:
        self._share, self._clock = share, clock
        self._reports: dict[int, tuple[float, Report]] = {}
        self.alarm = 0  #: breakers that have opened so far, each in a worker of its own

    def report(self, process: int, report: Report) -> bool:
        """Take the report of a worker; return whether it says anything new."""
        _, known = self._reports.get(process, (0.0, None))
        self._reports[process] = (self._clock(), report)
        if report.failing and (known is None or not known.failing):
            self.alarm += 1
        return report != known

    def end(self, process: int) -> None:
        """Forget a worker that has ended."""
        self._reports.pop(process, None)

    def node(self, workers: Sequence[int | None], *, draining: bool) -> NodeState:
        """Return the state of the node.

        Args:
            workers: For each place the id of the process that serves there; None where
                none does.
            draining: The node refuses clicks from now on.
        """
        states = [self._state(process) for process in workers]
        able = sum(state is not None and state.able for state in states)
        # Less a rounding: 0.55 of 20 is 11, not 12.
        needed = max(math.ceil(self._share * len(workers) - 1e-9), 1)
        reasons = ["draining"] if draining else []
        if able < needed:
            reasons.append(
                f"{able} of {len(workers)} workers can take clicks, {needed} must be able to"
            )
        return NodeState(
            ready=not reasons,
            reasons=reasons,
            workers=[state for state in states if state is not None],
            alarm=self.alarm,
        )

    def _state(self, process: int | None) -> WorkerState | None:
        if process is None:
            return None
        if process not in self._reports:
            return WorkerState(process=process, able=False, reasons=["has not reported yet"])
        at, report = self._reports[process]
        reasons = list(report.reasons)
        if self._clock() - at > WORKER_SILENCE:
            reasons.append(f"has not reported for {WORKER_SILENCE:g} s")
        if not reasons and report.alarm < self.alarm:
            reasons.append("another worker's breaker has opened, and this one has not probed yet")
        return WorkerState(process=process, able=not reasons, reasons=reasons)
