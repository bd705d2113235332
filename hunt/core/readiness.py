"""Readiness of a node, computed by its supervisor from the reports of its workers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from msgspec import Struct

from hunt.plurals import plural

#: Seconds between two reports of a worker process, and between two of the supervisor.
REPORT_INTERVAL = 0.25

#: Seconds without a report after which a worker counts as unable to take clicks.
WORKER_SILENCE = 1.0

#: Seconds without a report of the supervisor after which a worker answers "not ready".
SUPERVISOR_SILENCE = 2.0


class Report(Struct, frozen=True, kw_only=True, tag=True):
    """The report of one worker process."""

    reasons: list[str]  #: why it cannot take clicks; empty: it can
    failing: bool  #: its breaker is not closed, and no operator holds it open
    alarm: int  #: number of the latest alarm that it knows; see `Readiness`


class WorkerState(Struct, frozen=True, kw_only=True):
    """The state of one worker process."""

    process: int  #: its id
    able: bool  #: it can take clicks
    reasons: list[str]  #: why it cannot


class NodeState(Struct, frozen=True, kw_only=True, tag=True):
    """The readiness of a node."""

    ready: bool
    reasons: list[str]  #: why it is not ready
    workers: list[WorkerState]
    alarm: int = 0  #: number of the latest alarm; see `Readiness`


class Readiness:
    """The latest reports of a node's workers, and the node's readiness.

    When a failure of the database opens one worker's breaker, that is an *alarm*.  The
    breakers of the other workers stay closed, because the database may still serve them.
    But an idle worker does not know whether it does.  Therefore no worker counts as able until
    it has heard of the alarm and its own probe has succeeded.  Its next report then contains
    the number of the alarm.

    Args:
        share: Share of the workers, 0 to 1, that must be able for the node to be ready; at
            least one worker must.
        clock: Monotonic time, in seconds.
    """

    def __init__(self, *, share: float, clock: Callable[[], float]) -> None:
        self._share, self._clock = share, clock
        self._reports: dict[int, tuple[float, Report]] = {}
        self.alarm = 0  #: number of alarms so far

    def report(self, process: int, report: Report) -> bool:
        """Record the report of a worker; return whether it differs from the last one."""
        _, known = self._reports.get(process, (0.0, None))
        self._reports[process] = (self._clock(), report)
        if report.failing and (known is None or not known.failing):
            self.alarm += 1
        return report != known

    def end(self, process: int) -> None:
        """Remove a worker that has ended."""
        self._reports.pop(process, None)

    def node(self, workers: Sequence[int | None], *, draining: bool) -> NodeState:
        """Return the state of the node.

        Args:
            workers: Process id in each worker slot; None if the slot is empty.
            draining: The node refuses new clicks.
        """
        states = [self._state(process) for process in workers]
        able = sum(state is not None and state.able for state in states)
        # Without the rounding error of floats: 0.55 of 20 is 11, not 12.
        needed = max(math.ceil(self._share * len(workers) - 1e-9), 1)
        reasons = ["draining"] if draining else []
        if able < needed:
            reasons.append(
                f"{able} of {plural(len(workers), 'worker')} can take clicks, "
                f"{needed} must be able to"
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
            reasons.append("another worker's breaker opened, and no probe here has succeeded yet")
        return WorkerState(process=process, able=not reasons, reasons=reasons)
