"""``python -m tests.faults.offering PORT RATE SECONDS``: clicks at a constant rate.

It is a separate process, so that it shares no event loop with the server.  With a rate of 0
each click follows an answer (closed loop).  It prints its figures as JSON.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

from hunt.bench import click_bodies, load_loops
from hunt.bench.click_clients import ClickClients, ClickConnection
from hunt.bench.players import Player
from hunt.bench.poller import Poller
from hunt.bench.run import percentile
from hunt.bench.target import Target
from hunt.connection_limits import file_limit
from hunt.core.maps import Map
from tests.faults.players import HUNT, token

#: Positions of the clicks.
GROUND = click_bodies.Ground(Map.sized(90.0, 90.0))

#: Seconds of one window of the answers.
WINDOW = 0.25


class Timing(ClickClients):
    """Also measures refusals, from the time of sending."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, sent=self._note)
        self.refusals: list[float] = []
        self.refused_at = 0.0  #: the last time
        self._since: dict[int, float] = {}

    def _note(self, connection: ClickConnection, due: float) -> None:
        self._since[connection.number] = perf_counter()

    def receive(self, connection: ClickConnection) -> bool:
        refused = self.run.refused
        free = super().receive(connection)
        if self.run.refused > refused:
            self.refused_at = perf_counter()
            self.refusals.append(self.refused_at - self._since[connection.number])
        return free


def offer(port: int, rate: float, seconds: float, connections: int) -> dict[str, Any]:
    """Offer clicks, and return the figures."""
    target = Target("127.0.0.1", port, HUNT)
    players = [Player(f"o{n}", token(f"o{n}")) for n in range(min(connections, file_limit()))]
    poller: Poller[ClickConnection] = Poller()
    with Timing(target, players, ground=GROUND, poller=poller) as clicker:
        if rate:
            run = load_loops.open_loop(clicker, poller, seconds, rate)
        else:
            run = load_loops.closed_loop(clicker, poller, seconds)
    poller.close()
    windows: dict[int, list[float]] = {}
    for latency, time in zip(run.latencies, run.times, strict=True):
        # A click belongs to the window of its scheduled time.
        windows.setdefault(int((time - latency) / WINDOW), []).append(latency)
    return {
        "began": run.began,
        "goodput": run.throughput(),
        "statuses": {str(status): count for status, count in run.statuses.items()},
        "unsent": run.unsent,
        "broken": run.broken,
        "last refusal": max(clicker.refused_at - run.began, 0.0),
        "p99": percentile(sorted(run.latencies), 0.99),
        "refusal p99": percentile(sorted(clicker.refusals), 0.99),
        "windows": {n: percentile(sorted(each), 0.99) for n, each in sorted(windows.items())},
    }


if __name__ == "__main__":
    print(json.dumps(offer(int(sys.argv[1]), *map(float, sys.argv[2:4]), int(sys.argv[4]))))
