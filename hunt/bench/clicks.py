"""``hunt bench clicks``: throughput, latency and CPU of clicks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from hunt.bench import click_bodies, load_loops, server_state
from hunt.bench.click_clients import ClickClients, ClickConnection
from hunt.bench.players import PlayerSource
from hunt.bench.poller import Poller
from hunt.bench.process_usage import ServerProcesses, Usage
from hunt.bench.result import Result
from hunt.bench.run import Run, latency_figures
from hunt.bench.target import Target
from hunt.plurals import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Size and kind of the load."""

    connections: int  #: >= 1, each with its own player
    seconds: float  #: > 0
    warmup: float  #: seconds, >= 0, of the same load before the measurement
    rate: float | None = None  #: clicks a second of an open loop; None: a closed loop
    random_ids: bool = False  #: UUIDs of version 4 instead of version 7

    def ids(self) -> Iterator[bytes]:
        """Return an endless iterator of new click ids."""
        return click_bodies.random_uuids() if self.random_ids else click_bodies.timed_uuids()


def measure(
    target: Target,
    load: Load,
    players: PlayerSource,
    *,
    processes: ServerProcesses | None = None,
    progress: load_loops.Progress = load_loops.no_progress,
) -> Result:
    """Put the load on the server, after the warm-up, and return the figures.

    The log must grow by exactly the answered clicks.  Other clicks in the same hunt make
    that check fail.
    """
    everyone = players(load.connections)
    token = everyone[0].token
    start = server_state.position(target, token)  # fails early if the tokens are refused
    poller: Poller[ClickConnection] = Poller()

    def turn(seconds: float) -> Run:
        if load.rate is None:
            return load_loops.closed_loop(clicker, poller, seconds, progress)
        return load_loops.open_loop(clicker, poller, seconds, load.rate, progress)

    ground = server_state.ground(target)
    try:
        with ClickClients(
            target, everyone, ground=ground, poller=poller, ids=load.ids()
        ) as clicker:
            warmup = Run()
            if load.warmup > 0:
                warmup = turn(load.warmup)
                start = server_state.wait_position(target, token, start + warmup.settled)
            before = processes.usage() if processes else None
            batches, own = server_state.batches(target), time.process_time()
            run = turn(load.seconds)
            own = time.process_time() - own
            after = processes.usage() if processes else None
            batches_after = server_state.batches(target)
            rows = server_state.wait_position(target, token, start + run.settled) - start
    finally:
        poller.close()
    figures: dict[str, float | None] = {
        "connections": load.connections,
        "rate": load.rate,
        "clicks": run.settled,
        "refused": run.refused,
        "all_clicks": warmup.settled + run.settled,
        "clicks_per_second": run.throughput(),
        **latency_figures(run.latencies),
        "log_rows": rows,
        "generator_cpu_us_per_click": own / max(run.sent, 1) * 1e6,
    }
    figures |= batch_figures(batches, batches_after)
    figures |= _cpu_figures(before, after, run.settled)
    problems = [*run.problems(), *_log(run, rows)]
    return Result(figures, dict(run.statuses), problems, run)


def batch_figures(
    before: server_state.Batches | None, after: server_state.Batches | None
) -> dict[str, float | None]:
    """Return number, mean size and mean time of the batches between two readings."""
    if before is None or after is None or after.count <= before.count:
        return {"batches": None, "rows_per_batch": None, "batch_ms": None}
    count = after.count - before.count
    return {
        "batches": count,
        "rows_per_batch": (after.rows - before.rows) / count,
        "batch_ms": (after.seconds - before.seconds) / count * 1000,
    }


def _cpu_figures(before: Usage | None, after: Usage | None, clicks: int) -> dict[str, float | None]:
    """Return the CPU time of 1,000 clicks, in milliseconds; None where it is unknown."""
    server = postgres = None
    thousands = max(clicks, 1) / 1000
    if before and after:
        server = (after.server - before.server) * 1000 / thousands
        if before.postgres is not None and after.postgres is not None:
            postgres = (after.postgres - before.postgres) * 1000 / thousands
    return {"server_cpu_ms_per_1000": server, "postgres_cpu_ms_per_1000": postgres}


def _log(run: Run, rows: int) -> list[str]:
    """Return the problems of a log that grew by `rows`."""
    if rows < run.settled:
        missing = plural(run.settled - rows, "answered click is", "answered clicks are")
        return [f"{missing} not in the log"]
    if rows > run.settled + run.unknown:
        more = plural(rows - run.settled - run.unknown, "click")
        return [f"the log has {more} too many: duplicates, or clicks of another client"]
    return []
