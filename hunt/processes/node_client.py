"""The reports of a worker process to the supervisor, and its view of the node."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from itertools import count

import trio

from hunt.core.readiness import REPORT_INTERVAL, SUPERVISOR_SILENCE, NodeState, Report
from hunt.engine import Engine
from hunt.errors import Overloaded
from hunt.metrics.families import Family
from hunt.metrics.hunt_minutes import Minute
from hunt.processes.channel import Channel
from hunt.processes.messages import AskMinutes, AskTotal, Count, Counts, Minutes, Total

#: Seconds between two reports of the counters.  A worker that is killed loses its counts since
#: its last report.
COUNT_INTERVAL = 1.0

#: Seconds to wait for the node's metrics.
TOTAL_TIMEOUT = 2.0

#: Seconds to wait for the minutes of a hunt, which the supervisor has at hand.
MINUTES_TIMEOUT = 0.5


class NodeClient:
    """Reports readiness and metrics of an engine to the supervisor, and knows the node's.

    Args:
        channel: The channel to the supervisor.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._engine: Engine | None = None
        self._yield_clients: Callable[[bool], None] = lambda wanted: None
        self._node: NodeState | None = None
        self._received_at = -float("inf")  # Trio's time of the last state
        self._lost = False  # the supervisor has ended
        self._alarm: int | None = None  # number of the latest alarm
        self._alarmed = trio.Event()  # replaced each time
        self._probing = False
        self._numbers = count(1)  # of requests to the supervisor
        self._requests: dict[int, trio.MemorySendChannel[Total | Minutes]] = {}

    async def run(self, engine: Engine, yield_clients: Callable[[bool], None]) -> None:
        """Report on an engine until cancelled, at once when its readiness changes.

        Args:
            engine: The engine of this worker.
            yield_clients: Called every few seconds, with True if this worker should leave
                new clients to other workers.
        """
        self._engine, self._yield_clients = engine, yield_clients
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._report_counters)
            nursery.start_soon(self._probe_when_alarmed)
            while True:
                self._report()
                self._yield_clients(self._only_others_able())
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
        self._channel.send(Report(reasons=reasons, failing=failing, alarm=self._alarm or 0))

    async def _report_counters(self) -> None:
        while True:
            self.send_counts()
            await trio.sleep(COUNT_INTERVAL)

    def send_counts(self, *, requested: bool = False) -> None:
        """Report the counters; in answer to a request, the gauges, too."""
        if self._engine is not None:
            families = self._engine.telemetry.registry.families(gauges=requested)
            self._channel.send(Counts(families, requested), key=(Counts, requested))

    async def _probe_when_alarmed(self) -> None:
        """Probe the database after it has failed for another worker."""
        assert self._engine is not None
        while True:
            await self._alarmed.wait()
            self._alarmed = trio.Event()
            self._report()
            await self._engine.commits.prober.confirm()
            self._probing = self._alarmed.is_set()
            self._report()

    def receive(self, message: NodeState | Count | Total | Minutes) -> None:
        """Handle a message of the supervisor."""
        match message:
            case NodeState():
                self._node, self._received_at = message, trio.current_time()
                if self._alarm is not None and message.alarm > self._alarm:
                    self._probing = True
                    self._alarmed.set()
                self._alarm = message.alarm
                self._yield_clients(self._only_others_able())
            case Count():
                self.send_counts(requested=True)
            case Total(number=number) | Minutes(number=number):
                if (answer := self._requests.pop(number, None)) is not None:
                    answer.send_nowait(message)

    def supervisor_lost(self) -> None:
        """Note that the supervisor has ended."""
        self._lost = True

    def node(self) -> NodeState:
        """Return the state of the node; not ready without a recent message of the supervisor."""
        reason = None
        if self._lost:
            reason = "the supervisor has ended"
        elif self._node is None:
            reason = "the supervisor has not reported yet"
        elif trio.current_time() - self._received_at > SUPERVISOR_SILENCE:
            reason = f"the supervisor has not reported for {SUPERVISOR_SILENCE:g} s"
        else:
            return self._node
        return NodeState(ready=False, reasons=[reason], workers=[])

    def _only_others_able(self) -> bool:
        """Return whether another worker of the node can take clicks, and this one cannot."""
        workers = {each.process: each.able for each in self.node().workers}
        return not workers.pop(os.getpid(), True) and any(workers.values())

    async def total(self) -> tuple[list[Family], float]:
        """Return the metrics of the node, and the monotonic time up to which they may be shown.

        Raises:
            Overloaded: The supervisor does not answer.  This worker's own metrics are no
                substitute: they would look like counters that were reset.
        """
        answer = await self._ask(AskTotal, TOTAL_TIMEOUT)
        assert isinstance(answer, Total)
        return answer.families, answer.until

    async def minutes(self, hunt: str) -> tuple[list[Minute], float]:
        """Return the minutes of a hunt at the node, and the time from which they are counted.

        Args:
            hunt: Id of the hunt.

        Returns:
            The minutes with clicks, oldest first, and seconds since 1970.

        Raises:
            Overloaded: The supervisor does not answer.
        """
        answer = await self._ask(partial(AskMinutes, hunt=hunt), MINUTES_TIMEOUT)
        assert isinstance(answer, Minutes)
        return answer.minutes, answer.since

    async def _ask(
        self, request: Callable[[int], AskTotal | AskMinutes], timeout: float
    ) -> Total | Minutes:
        """Return the supervisor's answer to a request.

        Args:
            request: Makes the request with its number.
            timeout: Seconds to wait for the answer.

        Raises:
            Overloaded: The supervisor does not answer.
        """
        number = next(self._numbers)
        send, receive = trio.open_memory_channel[Total | Minutes](1)
        self._requests[number] = send
        try:
            with trio.fail_after(timeout):
                message = request(number)
                self._channel.send(message, key=(type(message), number))
                return await receive.receive()
        except trio.TooSlowError:
            raise Overloaded("the supervisor does not answer", retry_after=1) from None
        finally:
            self._requests.pop(number, None)
            send.close()
            receive.close()
