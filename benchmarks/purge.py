"""Deletion of a test hunt with a long log, while players click in another hunt.

    python -m benchmarks.purge [--rows 1000000] [--rate 200] [--json | --markdown]

Start a `hunt serve` of one process on an embedded PostgreSQL in a temporary folder, and fill the
log of a test hunt.  Clicks go to another hunt by a schedule: first alone, then while
``hunt delete`` runs.  The age of the running step is read from PostgreSQL 50 times a second.
Every click must be answered, and the test hunt must be gone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, prefill, serving
from benchmarks.volume import conninfo
from hunt.bench import clicks
from hunt.bench.figure_table import Columns
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.run import percentile
from hunt.bench.target import Target

DEMO = Path(__file__).parents[1] / "hunt" / "harbour.toml"

OLD = "test-old"

COLUMNS: Columns = {
    "load": ("clicks of another hunt", 0),
    "clicks": ("clicks", 0),
    "p50": ("p50 ms", 1),
    "p99": ("p99 ms", 1),
    "worst": ("worst ms", 0),
    "seconds": ("hunt delete s", 1),
    "step": ("longest step ms", 0),
}

#: Rows of the tables that have one row for each player.
PLAYERS = """
    insert into {table} (hunt, player, {columns})
    select {number}, 'player-' || each, {values} from generate_series(1, {players}) each
    on conflict do nothing
"""

TABLES = {
    "player_clicks": ("at", "now()"),
    "standings": ("points, wins, seq", "1, 1, each"),
}

#: The seconds for which the running step runs.
STEP = """
    select extract(epoch from clock_timestamp() - query_start)::float8 from pg_stat_activity
     where state = 'active' and query like 'select hunt_purge%' and pid <> pg_backend_pid()
"""

#: Seconds between two looks at the running step, and of one turn of clicks.
LOOK, TURN = 0.02, 5.0


def fill(data_dir: Path, rows: int) -> None:
    """Make the test hunt with its log."""
    prefill.make_hunts(conninfo(data_dir), DEMO, [OLD])
    prefill.fill(conninfo(data_dir), OLD, rows)
    with psycopg.connect(conninfo(data_dir)) as conn:
        found = conn.execute("select number from hunts where id = %s", (OLD,)).fetchone()
        assert found is not None, "just made"
        for table, (columns, values) in TABLES.items():
            conn.execute(
                sql.SQL(PLAYERS).format(
                    table=sql.Identifier(table), columns=sql.SQL(columns), values=sql.SQL(values),
                    number=sql.Literal(found[0]), players=sql.Literal(rows // 20),
                )
            )  # fmt: skip


class Steps:
    """Watches the steps of the deletion in a thread."""

    def __init__(self, conninfo: str) -> None:
        self.longest = 0.0  #: seconds
        self._conninfo = conninfo
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as conn:
            while not self._ended.wait(LOOK):
                for (age,) in conn.execute(STEP).fetchall():
                    self.longest = max(self.longest, age)


def played(
    target: Target, pid: int, rate: float, going: Callable[[], bool]
) -> tuple[dict[str, object], list[str]]:
    """Click in turns, at least once and while `going`; return the figures and failed checks."""
    latencies: list[float] = []
    problems: list[str] = []
    while True:
        load = clicks.Load(connections=32, seconds=TURN, warmup=0, rate=rate)
        found = clicks.measure(target, load, serving.PLAYERS, processes=ServerProcesses([pid]))
        latencies += found.run.latencies
        problems += found.problems
        if not going():
            break
    latencies.sort()
    figures = {
        name: percentile(latencies, share) * 1000
        for name, share in (("p50", 0.5), ("p99", 0.99), ("worst", 1.0))
    }
    return {"clicks": len(latencies), **figures}, problems


def measure(options: argparse.Namespace, folder: Path) -> tuple[list[dict[str, object]], list[str]]:
    """Return the figures without and with the deletion, and the failed checks."""
    flags = ["--processes", "1", "--data-dir", str(folder)]
    with serving.hunt(flags, {"HUNT_BREAKER_SLOW": "5"}) as (url, pid):
        fill(folder, options.rows)
        target = Target.parse(url, "harbour")
        played(target, pid, options.rate, lambda: False)  # warms up
        alone, problems = played(target, pid, options.rate, lambda: False)
        command = [*serving.HUNT, "delete", OLD, "--data-dir", str(folder)]
        ended: list[float] = []

        def delete() -> None:
            subprocess.run(command, check=True, env=serving.environment({}), stdout=sys.stderr)
            ended.append(time.perf_counter())

        with Steps(conninfo(folder)) as steps:
            began = time.perf_counter()
            deletion = threading.Thread(target=delete)
            deletion.start()
            beside, more = played(target, pid, options.rate, deletion.is_alive)
            deletion.join()
        with psycopg.connect(conninfo(folder)) as conn:
            if conn.execute("select from hunts where id = %s", (OLD,)).rowcount or not ended:
                more.append("the test hunt is not deleted")
    taken = {"seconds": ended[0] - began if ended else None, "step": steps.longest * 1000}
    rows = [{"load": "alone"} | alone, {"load": "beside the deletion"} | beside | taken]
    return rows, problems + more


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rate", type=float, default=200.0, metavar="R")
    output.options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        rows, problems = measure(options, Path(folder))
    output.show(f"Deletion of a log of {options.rows:,} rows", COLUMNS, rows, options)
    output.end(problems)


if __name__ == "__main__":
    main()
