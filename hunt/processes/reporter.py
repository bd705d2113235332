"""A worker process's side of the node's readiness and metrics: it reports, and is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count

import trio

from hunt.core.readiness import REPORT_INTERVAL, SUPERVISOR_SILENCE, NodeState, Report
from hunt.engine import Engine
from hunt.errors import Overloaded
from hunt.metrics.families import Family
from hunt.processes.channel import Channel
from hunt.processes.orders import AskTotal, Count, Counts, Total

#: Seconds between two reports of the counters: a process that is killed takes with it
#: what it has counted since the last one.
COUNT_INTERVAL = 1.0

#: Seconds to wait for the node's metrics.
TOTAL_TIMEOUT = 2.0


class Reporter:
    """Reports how an engine is to the supervisor, and knows what that says of the node.

    Args:
        channel: To the supervisor.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._engine: Engine | None = None
        self._yield: Callable[[bool], None] = lambda wanted: None
        self._node: NodeState | None = None
        self._heard_at = -float("inf")
        self._lost = False
        self._alarm: int | None = None  # the latest that we heard of
        self._alarmed = trio.Event()  # replaced each time
        self._probing = False
        self._numbers = count(1)
        self._asked: dict[int, trio.MemorySendChannel[list[Family]]] = {}

    async def run(self, engine: Engine, yield_clients: Callable[[bool], None]) -> None:
        """Report on an engine until cancelled: at once where its readiness changes.

        Args:
            engine: To be reported on.
            yield_clients: Called with whether clients should be left to other workers,
                again and again.
        """
        self._engine, self._yield = engine, yield_clients
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._count_often)
            nursery.start_soon(self._probe_when_alarmed)
            while True:
                self._report()
                self._yield(self._others_able())
                with trio.move_on_after(REPORT_INTERVAL):
                    await engine.readiness.wait_changed()

    def _report(self) -> None:
        if self._engine is None:
            return
        reasons = self._engine.readiness.reasons()
        if self._probing:
            reasons.append("another worker's breaker has opened, and this one probes the database")
        breaker = self._engine.commits.breaker
        failing = breaker.state != "closed" and breaker.forced is None
        self._channel.say(Report(reasons=reasons, failing=failing, alarm=self._alarm or 0))

    async def _count_often(self) -> None:
        while True:
            self.count()
            await trio.sleep(COUNT_INTERVAL)

    def count(self, *, asked: bool = False) -> None:
        """Report the counters, and where the supervisor has asked for it the gauges too."""
        if self._engine is not None:
            families = self._engine.telemetry.registry.families(gauges=asked)
            self._channel.say(Counts(families, asked), key=(Counts, asked))

    async def _probe_when_alarmed(self) -> None:
        """Find out whether the database serves this worker, once it has failed another one."""
        assert self._engine is not None
        while True:
            await self._alarmed.wait()
            self._alarmed = trio.Event()
            self._report()
            await self._engine.commits.prober.confirm()
            self._probing = self._alarmed.is_set()
            self._report()

    def heed(self, message: NodeState | Count | Total) -> None:
        """Take a message of the supervisor."""
        match message:
            case NodeState():
                self._node, self._heard_at = message, trio.current_time()
                if self._alarm is not None and message.alarm > self._alarm:
                    self._probing = True
                    self._alarmed.set()
                self._alarm = message.alarm
                self._yield(self._others_able())
            case Count():
                self.count(asked=True)
            case Total(number=number, families=families):
                if (answer := self._asked.pop(number, None)) is not None:
                    answer.send_nowait(families)

    def lost(self) -> None:
        """Note that the supervisor has ended."""
        self._lost = True

    def node(self) -> NodeState:
        """Return the state of the node; not ready where the supervisor is not heard."""
        why = None
        if self._lost:
            why = "the supervisor has ended"
        elif self._node is None:
            why = "the supervisor has said nothing yet"
        elif trio.current_time() - self._heard_at > SUPERVISOR_SILENCE:
            why = f"the supervisor has said nothing for {SUPERVISOR_SILENCE:g} s"
        else:
            return self._node
        return NodeState(ready=False, reasons=[why], workers=[])

    def _others_able(self) -> bool:
        """Whether another worker of the node can take clicks, and this one cannot."""
        workers = {each.process: each.able for each in self.node().workers}
        return not workers.pop(os.getpid(), True) and any(workers.values())

    async def total(self) -> list[Family]:
        """Return the metrics of the node.

        Raises:
            Overloaded: The supervisor does not answer.  A part of the metrics would look
                like counters that began again.
        """
        number = next(self._numbers)
        send, receive = trio.open_memory_channel[list[Family]](1)
        self._asked[number] = send
        try:
            with trio.fail_after(TOTAL_TIMEOUT):
                self._channel.say(AskTotal(number), key=(AskTotal, number))
                return await receive.receive()
        except trio.TooSlowError:
            raise Overloaded("the supervisor does not answer", retry_after=1) from None
        finally:
            self._asked.pop(number, None)
            send.close()
            receive.close()
