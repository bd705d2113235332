"""An open loop of clicks that rotate over many hunts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import psycopg

from benchmarks import serving
from benchmarks.compare.contender import Running
from hunt.bench import click_bodies, load_loops, server_state
from hunt.bench.click_clients import ClickClients, ClickConnection
from hunt.bench.clicks import Load, batch_figures
from hunt.bench.poller import Poller
from hunt.bench.result import Result
from hunt.bench.run import latency_figures
from hunt.core.maps import Map


def measure(running: Running, hunts: Sequence[str], load: Load) -> Result:
    """Click on the hunts in rotation; check that all logs grow by the answered clicks.

    Args:
        running: The server.
        hunts: Ids of the hunts; there must be a connection for each.
        load: Its `rate` must be set.  The warm-up is one click of each connection.
    """
    assert load.rate is not None, "an open loop"
    target, ground = running.target, click_bodies.Ground(Map.sized(100.0, 100.0))
    players = serving.PLAYERS(load.connections)
    length = ground.body_length()
    poller: Poller[ClickConnection] = Poller()
    try:
        with ClickClients(target, players, ground=ground, poller=poller, ids=load.ids()) as clicker:
            for number, (each, player) in enumerate(zip(clicker.connections, players, strict=True)):
                own = replace(target, hunt=hunts[number % len(hunts)])
                each.head = own.click_head(player.token, length) + click_bodies.OPENING
            warmup = load_loops.open_loop(clicker, poller, load.connections / load.rate, load.rate)
            rows, before = _rows(running), running.processes.usage()
            batches = server_state.batches(target)
            run = load_loops.open_loop(clicker, poller, load.seconds, load.rate)
            after, batches_after = running.processes.usage(), server_state.batches(target)
            rows = _rows(running) - rows
    finally:
        poller.close()
    thousands = max(run.settled, 1) / 1000
    figures: dict[str, float | None] = {
        "clicks_per_second": run.throughput(),
        **latency_figures(run.latencies),
        **batch_figures(batches, batches_after),
        "server_cpu_ms_per_1000": (after.server - before.server) * 1000 / thousands,
        "postgres_cpu_ms_per_1000": None,
    }
    if before.postgres is not None and after.postgres is not None:
        figures["postgres_cpu_ms_per_1000"] = (after.postgres - before.postgres) * 1000 / thousands
    problems = [*warmup.problems(), *run.problems()]
    if rows != run.settled:
        problems.append(f"{run.settled} clicks were answered, the logs grew by {rows}")
    return Result(figures, dict(run.statuses), problems, run)


def _rows(running: Running) -> int:
    with psycopg.connect(running.contender.database.conninfo) as conn:
        found = conn.execute("select sum(last_seq)::bigint from hunts").fetchone()
    assert found is not None, "an aggregate"
    return int(found[0])
