"""Deliveries at full speed: one player clicks, and many streams of that player get all events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from time import perf_counter

from hunt.bench import server_state
from hunt.bench.click_clients import ClickClients
from hunt.bench.event_blocks import REWARD
from hunt.bench.figure_table import Columns
from hunt.bench.players import Player
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.result import Result
from hunt.bench.run import Run
from hunt.bench.stream_clients import CombinedPoller, OpenStreams, StreamClient
from hunt.bench.target import Target

COLUMNS: Columns = {
    "streams": ("streams", 0),
    "events_per_second": ("events/s", 0),
    "deliveries_per_second": ("deliveries/s", 0),
    "events_per_read": ("events a read", 1),
    "server_cores": ("server cores", 2),
    "server_us_per_delivery": ("server us each", 1),
}

#: Seconds without a delivery after which missing events count as lost.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Size of the load."""

    streams: int  #: >= 1, all of one player
    seconds: float  #: > 0
    connections: int = 64  #: clicking connections, in a closed loop
    #: Events, >= 1, by which the slowest stream may lag before clicks wait.  A server cuts off
    #: slow consumers at 256.
    window: int = 192


class DeliveryChecker:
    """Checks that each stream gets every event once and in order.

    Args:
        start: Length of the log before the load.
        streams: Number of streams.
    """

    def __init__(self, start: int, streams: int) -> None:
        self.last = [start] * streams  #: seq of the last event of each stream
        self.reads = 0
        self.ended = 0
        self.torn = 0  #: number of gaps and repeats
        self._text = b""  # the latest text; most streams get the same
        self._seqs: tuple[int, int, int] | None = None  # first, last and number of its events

    def heard(self, listener: StreamClient, text: bytes | None) -> None:
        """Record the blocks that arrived on a stream, or its end (None)."""
        if text is None:
            self.ended += 1
            return
        if text != self._text:
            self._text = text
            numbers = [int(seq) for _, seq in REWARD.findall(text)]
            self._seqs = (numbers[0], numbers[-1], len(numbers)) if numbers else None
        if self._seqs is None:
            return
        first, last, count = self._seqs
        self.reads += 1
        if first != self.last[listener.number] + 1 or last - first + 1 != count:
            self.torn += 1
        self.last[listener.number] = last


def measure(target: Target, load: Load, player: Player, processes: ServerProcesses) -> Result:
    """Click as fast as the slowest stream allows."""
    start = server_state.position(target, player.token)
    ledger = DeliveryChecker(start, load.streams)
    poller = CombinedPoller(ledger.heard)
    try:
        with (
            OpenStreams(target, [player.token] * load.streams, poller) as streams,
            ClickClients(
                target,
                [player] * load.connections,
                ground=server_state.ground(target),
                poller=poller,
            ) as clicker,
        ):
            before = processes.usage()
            passed = _run(clicker, poller, ledger, load, start)
            after, run = processes.usage(), clicker.run
            assert len(streams.open) == load.streams
    finally:
        poller.close()
    deliveries = sum(ledger.last) - start * load.streams
    missed = run.settled * load.streams - deliveries
    problems = run.problems()
    if ledger.ended or ledger.torn or missed:
        problems.append(
            f"{ledger.ended} streams ended, {ledger.torn} gaps, {missed} deliveries are missing"
        )
    used = after.server - before.server
    figures: dict[str, float | None] = {
        "streams": load.streams,
        "events_per_second": run.settled / passed,
        "deliveries_per_second": deliveries / passed,
        "events_per_read": deliveries / max(ledger.reads, 1),
        "server_cores": used / passed,
        "server_us_per_delivery": used / max(deliveries, 1) * 1e6,
    }
    return Result(figures, dict(run.statuses), problems, run)


def _run(
    clicker: ClickClients, poller: CombinedPoller, ledger: DeliveryChecker, load: Load, start: int
) -> float:
    """Return the seconds until the last delivery."""
    run = clicker.run = Run(began=perf_counter(), seconds=load.seconds)
    free = deque(clicker.connections)
    reads, newest = 0, run.began
    while True:
        now = perf_counter()
        slowest = min(ledger.last) - start
        if now < run.began + load.seconds:
            room = load.window - (run.sent - slowest)
            for _ in range(min(room, len(free))):
                clicker.click(free.popleft(), now)
        elif not clicker.waiting and slowest >= run.settled:
            return newest - run.began
        for each in poller.wait(0.05):
            if clicker.receive(each):  # type: ignore[arg-type]
                free.append(each)  # type: ignore[arg-type]
        if ledger.reads > reads:
            reads, newest = ledger.reads, perf_counter()
        elif perf_counter() > newest + PATIENCE:
            return newest - run.began
