"""Batch interval of a lane in an open loop: the adaptive rule, a fixed 20 ms, and no pause.

    python -m benchmarks.pace [--rates 100,1000,3000,10000] [--paces rule,mean,20ms,none]

Each server is one process under Hypercorn's command, with its own database in a shared
PostgreSQL.  They alternate; figures are medians over the rounds.  Latencies count from the
scheduled times of clicks. CPU is in milliseconds per 1,000 clicks.

rule: twice the usual duration of a commit, at most HUNT_BATCH_INTERVAL.
mean: the same with the smoothed duration, which a few slow commits change more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import database, output, serving
from benchmarks.compare import ours
from benchmarks.compare.contender import Contender, Running
from benchmarks.compare.ratios import medians
from benchmarks.compare.turns import alternate
from hunt.bench import clicks
from hunt.bench.figure_table import Columns
from hunt.bench.result import Result

#: Name of a pace -> environment variables that set it.
PACES = {
    "rule": {},
    "1x": {"BENCHMARK_PACE": "1x"},
    "2x": {"BENCHMARK_PACE": "2x"},
    "mean": {"BENCHMARK_PACE": "mean"},
    "20ms": {"BENCHMARK_PACE": "0.020"},
    "none": {"HUNT_BATCH_INTERVAL": "0"},
}

COLUMNS: Columns = {
    "pace": ("pace", 0),
    "rate": ("clicks/s", 0),
    "p50_ms": ("p50 ms", 1),
    "p90_ms": ("p90 ms", 1),
    "p99_ms": ("p99 ms", 1),
    "max_ms": ("max ms", 0),
    "commits_per_second": ("commits/s", 0),
    "rows_per_batch": ("rows/commit", 1),
    "batch_ms": ("commit ms", 2),
    "server_cpu_ms_per_1000": ("server CPU ms/1,000", 1),
    "postgres_cpu_ms_per_1000": ("PostgreSQL CPU ms/1,000", 1),
    "refused": ("refused", 0),
}


def contender(pace: str, postgres: database.Database, folder: Path) -> Contender:
    """Return a server with this pace."""
    own = folder / pace
    own.mkdir()
    plain = ours.contender(pace, postgres.create(f"bench-{pace}"), own)
    hypercorn = [sys.executable, "-m", "hypercorn", "-k", "trio", "--backlog", "4096"]
    hypercorn += ["--log-level", "warning"]
    return Contender(
        name=pace,
        hunt=plain.hunt,
        command=lambda port: [*hypercorn, "-b", f"127.0.0.1:{port}", "benchmarks.paced:app"],
        environ={**plain.environ, **PACES[pace]},
        database=plain.database,
        cwd=Path(__file__).parents[1],
    )


def turn(running: Running, load: clicks.Load) -> Result:
    """Measure the load on a server."""
    running.contender.database.settle()
    found = clicks.measure(running.target, load, serving.PLAYERS, processes=running.processes)
    batches = found.figures.get("batches")
    found.figures["commits_per_second"] = None if batches is None else batches / load.seconds
    return found


def main() -> None:
    serving.prepare()
    options = arguments()
    problems: list[str] = []
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True)
            )
        )
        postgres = stack.enter_context(database.started(folder / "database"))
        contenders = [contender(pace, postgres, folder) for pace in options.paces]
        running = [stack.enter_context(each.started()) for each in contenders]
        for rate in options.rates:
            load = clicks.Load(
                connections=options.connections or min(max(rate // 10, 50), 1000),
                seconds=options.seconds,
                warmup=options.warmup,
                rate=rate,
            )
            turns = alternate(running, options.rounds, lambda who, load=load: turn(who, load))
            figures = [
                {"pace": pace, **medians([each.figures for each in found])}
                for pace, found in zip(options.paces, turns, strict=True)
            ]
            title = f"{rate:,} clicks/s, open loop (medians of {options.rounds} rounds)"
            output.show(title, COLUMNS, figures, options)
            problems += [
                f"{title}: {pace}: {problem}"
                for pace, found in zip(options.paces, turns, strict=True)
                for each in found
                for problem in each.problems
            ]
    output.end(problems)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    rates = lambda text: [int(each) for each in text.split(",")]  # ruff: ignore[lambda-assignment]
    parser.add_argument("--rates", type=rates, default=[100, 1000, 3000, 10000], metavar="N,N")
    parser.add_argument(
        "--paces", type=lambda text: text.split(","), default=list(PACES), metavar="PACE,PACE"
    )
    parser.add_argument("--connections", type=int, metavar="N", help="default: as the rate")
    parser.add_argument("--seconds", type=float, default=5, metavar="S")
    parser.add_argument("--warmup", type=float, default=1, metavar="S")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    options = parser.parse_args()
    if unknown := set(options.paces) - set(PACES):
        parser.error(f"--paces {', '.join(sorted(unknown))}: there are {', '.join(PACES)}")
    return options


if __name__ == "__main__":
    main()
