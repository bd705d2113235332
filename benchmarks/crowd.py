"""A node with a crowd of idle streams: memory, heartbeats, an announcement, a rolling restart.

    python -m benchmarks.crowd [--streams 100000] [--processes 6] [--json | --markdown]

Separate processes hold the streams, from several source addresses, and open a stream again when
it ends.  The limit on open files holds for each of these processes and for each worker, so the
number of streams is at most about that limit times the number of workers.

memory: PSS of all processes of hunt, without PostgreSQL, while all streams are open.
heartbeats: CPU of all processes of hunt while only heartbeats are sent.
announcement: from the request of an operator until the last stream has it.
restart: SIGHUP; until all workers are new, and until every stream is open again.  Clicks arrive
    at a fixed rate meanwhile; each answered one must be in the log, and an announcement
    afterwards must reach every stream.  A click whose connection ended first got no answer;
    clients send such a click again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import crowd_clients, output, serving
from benchmarks.crowd_clients import State
from benchmarks.idle import named
from hunt.bench import clicks
from hunt.bench.figure_table import Columns
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.result import Result
from hunt.bench.target import Target
from hunt.core.tokens import ADMIN, sign
from hunt.service.broadcast import INTERVAL

COLUMNS: Columns = {
    "streams": ("streams", 0),
    "workers": ("workers", 0),
    "opened_per_second": ("opened/s", 0),
    "empty_mib": ("MiB before", 1),
    "all_mib": ("MiB", 1),
    "bytes_per_stream": ("bytes each", 0),
    "idle_cpu_percent": ("idle % of a core", 1),
    "announced_ms": ("announced to all after ms", 0),
    "restart_s": ("workers new after s", 1),
    "back_s": ("streams back after s", 1),
    "moved": ("ends of streams", 0),
    "p50_ms": ("click p50 ms", 1),
    "p99_ms": ("p99 ms", 1),
    "max_ms": ("longest ms", 1),
    "unanswered": ("without answer", 0),
    "restart_cores": ("cores of hunt in the restart", 2),
    "client_cores": ("of the clients", 2),
}

#: Number of descriptors of a client process that are not streams.
RESERVE = 100

#: Seconds within which all streams must be open, at first and after the restart.
PATIENCE = 120.0

#: Seconds within which an announcement must reach every stream.
HEARD = 20.0


@dataclass(slots=True)
class Crowd:
    """The processes with the streams."""

    pipes: Sequence[Connection]

    def states(self) -> list[State]:
        """Return the state of each process."""
        for each in self.pipes:
            each.send(None)
        return [each.recv() for each in self.pipes]

    def wait_open(self, streams: int, since: float, *, ended: int = 0) -> float:
        """Return the seconds since `since` until all streams are open.

        Args:
            streams: Number of streams.
            since: Time by `time.perf_counter`.
            ended: Number of streams that must have ended before.
        """
        while time.perf_counter() < since + PATIENCE:
            states = self.states()
            if sum(s.open for s in states) == streams and sum(s.ended for s in states) >= ended:
                return time.perf_counter() - since
            time.sleep(0.1)
        found = {"open": sum(s.open for s in states), "refused": [dict(s.refused) for s in states]}
        raise SystemExit(f"not all of {streams} streams are open after {PATIENCE:.0f} s: {found}")


@contextmanager
def crowd(target: Target, streams: int) -> Iterator[Crowd]:
    """Run as many processes as the streams need."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = -(-streams // (limit - RESERVE))
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    try:
        for number in range(count):
            ours, theirs = context.Pipe()
            share = streams // count + (number < streams % count)
            process = context.Process(
                target=crowd_clients.run, args=(number, share, target, theirs), daemon=True
            )
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        yield Crowd(pipes)
    finally:
        for each in pipes:
            each.close()
        for process in processes:
            process.join(10)


def announce(target: Target, crowd: Crowd, streams: int) -> tuple[float, int]:
    """Announce a text; return the seconds to the last stream, and how many did not get it."""
    time.sleep(2 * INTERVAL)  # longer than the minimum time between two events of one kind
    before = sum(each.heard for each in crowd.states())
    token = sign((serving.SECRET,), "bench", audience=ADMIN, ttl=3600, now=datetime.now(UTC))
    began = time.perf_counter()
    connection = HTTPConnection(target.host, target.port, timeout=serving.PATIENCE)
    connection.request(
        "PUT",
        f"/v1/admin/hunts/{target.hunt}/announcement",
        json.dumps({"text": f"The next chest opens soon: {began:.0f}"}),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise SystemExit(f"the announcement was answered with {status}")
    heard = 0
    while heard < streams and time.perf_counter() < began + HEARD:
        time.sleep(0.05)
        states = crowd.states()
        heard = sum(each.heard for each in states) - before
    return max(each.last for each in states) - began, streams - heard


class Restart:
    """A rolling restart of the workers, and the time that it takes."""

    def __init__(self, supervisor: int) -> None:
        self.seconds: float | None = None  #: until all workers are new; None: not yet
        self.began = time.perf_counter()
        self._supervisor = supervisor
        self._before = named(supervisor, "hunt-worker")
        os.kill(supervisor, signal.SIGHUP)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while time.perf_counter() < self.began + PATIENCE:
            now = named(self._supervisor, "hunt-worker")
            if not now & self._before and len(now) == len(self._before):
                self.seconds = time.perf_counter() - self.began
                return
            time.sleep(0.1)


def click(target: Target, options: argparse.Namespace) -> Result:
    """Click at a fixed rate."""
    load = clicks.Load(
        connections=options.connections, seconds=options.seconds, warmup=1, rate=options.rate
    )
    return clicks.measure(target, load, serving.PLAYERS)


def restart(
    target: Target, crowd: Crowd, supervisor: int, options: argparse.Namespace
) -> tuple[dict[str, float | None], list[str]]:
    """Restart all workers under clicks; return figures and failed checks."""
    node = ServerProcesses([supervisor])
    before, used = crowd.states(), node.usage().server
    restarted = Restart(supervisor)
    back: list[float] = []
    ended = sum(each.ended for each in before) + options.streams  # each ends once at least
    waiting = threading.Thread(
        target=lambda: back.append(crowd.wait_open(options.streams, restarted.began, ended=ended))
    )
    waiting.start()
    clicked = click(target, options)
    waiting.join()
    passed = time.perf_counter() - restarted.began
    after = crowd.states()
    figures: dict[str, float | None] = {
        "restart_s": restarted.seconds,
        "back_s": back[0] if back else None,
        "moved": sum(each.ended for each in after) - sum(each.ended for each in before),
        "p50_ms": clicked.figures["p50_ms"],
        "p99_ms": clicked.figures["p99_ms"],
        "max_ms": max(clicked.run.latencies, default=0.0) * 1000,
        "unanswered": clicked.run.broken,
        "restart_cores": (node.usage().server - used) / passed,
        "client_cores": (sum(e.cpu for e in after) - sum(e.cpu for e in before)) / passed,
    }
    refused = sum((each.refused for each in after), Counter[str]())
    for reason, number in refused.items():
        print(f"ended before the greeting, and opened later: {number} ({reason})", file=sys.stderr)
    problems = [each for each in clicked.problems if not each.endswith("connections broke)")]
    return figures, [*problems, *([] if back else ["streams did not come back"])]


def measure(options: argparse.Namespace) -> tuple[dict[str, float | None], list[str]]:
    """Return the figures of a node, and the failed checks."""
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        flags = ["--processes", str(options.processes), "--data-dir", folder]
        with serving.hunt(flags, {}) as (url, supervisor):
            target, node = Target.parse(url, "harbour"), ServerProcesses([supervisor])
            time.sleep(3)
            empty, began = node.memory(), time.perf_counter()
            with crowd(target, options.streams) as streams:
                opening = streams.wait_open(options.streams, began)
                time.sleep(1)
                used, began = node.usage().server, time.perf_counter()
                time.sleep(options.quiet)
                idle = (node.usage().server - used) / (time.perf_counter() - began)
                full = node.memory()
                announced = [announce(target, streams, options.streams) for _ in range(3)]
                figures, problems = restart(target, streams, supervisor, options)
                announced.append(announce(target, streams, options.streams))
    missed = sum(missing for _, missing in announced)
    if missed:
        problems.append(f"{missed} of {len(announced)} announcements to each stream did not arrive")
    return {
        "streams": options.streams,
        "workers": options.processes,
        "opened_per_second": options.streams / opening,
        "empty_mib": empty / 2**20,
        "all_mib": full / 2**20,
        "bytes_per_stream": (full - empty) / options.streams,
        "idle_cpu_percent": idle * 100,
        "announced_ms": sorted(seconds for seconds, _ in announced[:3])[1] * 1000,
        **figures,
    }, problems


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    parser.add_argument("--streams", type=int, default=100_000, metavar="N")
    parser.add_argument("--processes", type=int, default=6, metavar="N", help="workers")
    parser.add_argument("--quiet", type=float, default=30, metavar="S", help="of heartbeats")
    parser.add_argument("--rate", type=float, default=100, metavar="CLICKS", help="per second")
    parser.add_argument("--connections", type=int, default=64, metavar="N", help="of the clicks")
    parser.add_argument(
        "--seconds", type=float, default=60, metavar="S", help="of clicks from the restart on"
    )
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="as in idle")
    options = parser.parse_args()
    serving.HUNT[0] = options.python
    figures, problems = measure(options)
    output.show("A crowd of idle streams", COLUMNS, [figures], options)
    output.end(problems)


if __name__ == "__main__":
    main()
