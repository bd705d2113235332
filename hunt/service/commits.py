"""The write path of one process, from a click in its lane to a committed outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Protocol

import structlog
import trio

from hunt.core.breaker import Breaker, State
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.hunts import Hunt
from hunt.errors import CircuitOpen, HuntNotOpen, LogWentBack
from hunt.logs import FaultLog
from hunt.service.drawing import Drawing
from hunt.service.epochs import Epochs
from hunt.service.guard import Guard
from hunt.service.intake import not_open
from hunt.service.joint_commits import JointCommits, Workers
from hunt.service.lane import Waiting
from hunt.service.lanes import Lanes
from hunt.service.prober import BreakerProber
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail
from hunt.service.tracing import ClickTracing
from hunt.settings import Settings

#: Seconds that a commit may take before its outcome counts as unknown: much longer than
#: `breaker_slow`, and shorter than a player would wait.
COMMIT_DEADLINE = 2.0

_is_guest = attrgetter("guest")

log = structlog.get_logger("hunt")
fault_log = FaultLog("hunt")


class Log(Protocol):
    """The log of clicks, as `hunt.store.log.Log`."""

    async def append(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None],
        *,
        deadline: float,
        known: int,
    ) -> list[Outcome]:
        """Commit a batch."""

    async def reject(self, hunt: str, click: Click, reason: str) -> None:
        """Record a click that `append` will never take."""

    async def probe(self, hunt: str | None) -> float:
        """Commit a click that leaves no row behind; return the duration in seconds."""


class Recorder(Protocol):
    """Counts what happens here, as `hunt.metrics.recorder.Recorder`."""

    def committed(self, *, rows: int, seconds: float) -> None:
        """Count a batch."""

    def settled(self, hunt: str, outcomes: Iterable[Outcome], seconds: list[float]) -> None:
        """Count outcomes, and the seconds from each click to its outcome."""

    def awarded(self, hunt: str, points: int) -> None:
        """Count points of new rewards."""

    def breaker_changed(self, state: State) -> None:
        """Count a transition of the breaker."""


class Commits:
    """Makes clicks durable, and tells the tail of the rewards afterwards.

    It makes the parts that depend on each other.  The lanes send batches through the guard.
    The guard reports to the prober of the breaker.  When the breaker opens, the waiting
    clicks of the lanes are refused.

    Args:
        settings: Limits of batches, of the queue and of the breaker.
        log: The store's log.
        hunts: All known hunts, by id.
        epochs: Begins a new epoch of a log that ends before a known seq.
        tail: Receives committed rewards.
        breaker: Refuses commits while the database is slow or unavailable.
        recorder: Counts batches, outcomes and transitions.
        breaker_changed: Called after each transition of the breaker; must not block.
        jitter: Uniform in [0, 1), spreads retries.
        tracing: Follows traced clicks; None: there are none.
        drawing: Draws the clicks of each batch.
        publish: Called with a hunt's id and the rewards of each commit, to tell other
            processes; must not block or raise.  None: the commit itself tells them.
        workers: The workers of this node, of which one commits the clicks of a hunt; None:
            each commits its own.
        name: The name of this worker in its notices.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        log: Log,
        hunts: Mapping[str, Hunt],
        epochs: Epochs,
        tail: Tail,
        breaker: Breaker,
        recorder: Recorder,
        breaker_changed: Callable[[], None],
        jitter: Callable[[], float],
        drawing: Drawing,
        tracing: ClickTracing | None = None,
        publish: Callable[[str, Sequence[Reward]], None] | None = None,
        workers: Workers | None = None,
        name: str = "",
    ) -> None:
        self._publish = publish
        self._log = log
        self._hunts = hunts
        self._epochs = epochs
        self._tail = tail
        self._recorder = recorder
        self._announce = breaker_changed
        self._jitter = jitter
        self._tracing = tracing
        self._draw = drawing.draw
        self.breaker = breaker
        self._was_open = breaker.state != "closed"
        self.quarantine = Quarantine(trio.current_time, jitter=jitter)
        self.prober = BreakerProber(
            breaker,
            log.probe,
            quarantine=self.quarantine,
            hunts=hunts,
            changed=self._breaker_changed,
        )
        self.guard = Guard(
            self._append,
            log.reject,
            breaker,
            self.quarantine,
            jitter=jitter,
            known=tail.known,
            called=self.prober.observe,
        )
        self.lanes = Lanes(
            self.commit,
            batch_size=settings.batch_size,
            batch_interval=settings.batch_interval,
            queue_size=settings.queue_size,
            queue_age=settings.queue_age,
            jitter=jitter,
            settled=self._settled,
        )
        self.joint = JointCommits(
            workers,
            name=name,
            lanes=self.lanes,
            commit=self.commit,
            queue_size=settings.queue_size,
            batch_size=settings.batch_size,
            known=tail.known,
            committed=tail.committed,
            settled=self._settled,
            draw=drawing.draw,
            jitter=jitter,
        )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the lanes, the prober and the joint commits until cancelled."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.lanes.run)
            nursery.start_soon(self.prober.run)
            nursery.start_soon(self.joint.run)
            task_status.started()

    async def commit(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None] = lambda: None,
        *,
        unanswered: Collection[str] = (),
        known: int | None = None,
    ) -> list[Outcome]:
        """Make a batch durable, and only then give its rewards to the tail; see `Guard.commit`."""
        started = trio.current_time()
        outcomes = await self.guard.commit(hunt, clicks, sent, unanswered=unanswered, known=known)
        self._recorder.committed(rows=len(clicks), seconds=trio.current_time() - started)
        fresh = [
            each.reward for each in outcomes if isinstance(each, Settlement) and not each.duplicate
        ]
        if len(fresh) < len(outcomes):
            outcomes = [self._shown(hunt, each) for each in outcomes]
        if fresh:
            # After a retry, rows of an unanswered attempt may have smaller numbers.
            fresh.sort(key=attrgetter("seq"))
            self._tail.committed(hunt, fresh)
            self.joint.committed(hunt, fresh)
            self._recorder.awarded(hunt, sum(each.points for each in fresh))
            if self._publish is not None:
                self._publish(hunt, fresh)
        return outcomes

    def _shown(self, hunt: str, outcome: Outcome) -> Outcome:
        """Return an outcome with the times of the hunt, if it is the refusal of a closed hunt."""
        known = self._hunts.get(hunt)
        if isinstance(outcome, HuntNotOpen) and known is not None:
            return not_open(known)
        return outcome

    async def _append(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        """Draw a batch, and append it unless the log ends before the last seq known here."""
        self._draw(hunt, clicks)
        seq, found = self._tail.known(hunt), self._hunts.get(hunt)
        try:
            return await self._log.append(hunt, clicks, sent, deadline=COMMIT_DEADLINE, known=seq)
        except LogWentBack:
            if found is not None:
                await self._epochs.begin(found, seq)
            raise

    def _settled(
        self,
        hunt: str,
        batch: Sequence[Waiting],
        outcomes: Sequence[Outcome],
        times: tuple[float, float] | None,
    ) -> None:
        if any(map(_is_guest, batch)):
            pairs = zip(batch, outcomes, strict=True)
            own = [(each, outcome) for each, outcome in pairs if not each.guest]
            batch, outcomes = [each for each, _ in own], [outcome for _, outcome in own]
        now = trio.current_time()
        self._recorder.settled(hunt, outcomes, [now - each.since for each in batch])
        if self._tracing is not None:
            self._tracing.settled(hunt, batch, outcomes, times)

    def _breaker_changed(self, state: State) -> None:
        self._recorder.breaker_changed(state)
        self._announce()
        self._log_breaker(state)
        if state == "open":
            retry_after = self.breaker.retry_after() + 0.5 + self._jitter()
            self.lanes.fail_waiting(CircuitOpen(retry_after=retry_after))

    def _log_breaker(self, state: State) -> None:
        """Log that the breaker opened or closed; failed probes between them at a limited rate."""
        reason, was_open = self.breaker.reason, self._was_open
        self._was_open = state != "closed"
        if state == "half-open":
            log.debug("breaker state changed", state=state, reason=reason)
        elif state == "open" and was_open and reason != "forced":
            fault_log.warning("breaker probe failed", reason=reason)
        else:
            log.warning("breaker state changed", state=state, reason=reason)
