"""Throughput and CPU of durable clicks: a closed loop of keep-alive connections.

    python -m benchmarks.clicks [--connections 64,256,1000] [--seconds 5] [--processes 1]

Start a `hunt serve` on an embedded PostgreSQL in a temporary folder.  Each connection has its
own player, and clicks again when its last click is answered.  At the end the log must have
exactly the answered clicks.  HUNT_FAST_LANE is passed on; CPU is in milliseconds per 1,000
clicks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench import clicks, figure_table
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.progress import ProgressLine
from hunt.bench.target import Target


def measure(options: argparse.Namespace, folder: Path) -> list[clicks.Result]:
    """Return the figures of each number of connections, on one server."""
    flags = ["--processes", str(options.processes), "--data-dir", str(folder)]
    found = []
    with serving.hunt(flags, serving.handed_on("HUNT_FAST_LANE", "HUNT_JOINT_COMMITS")) as (
        url,
        pid,
    ):
        target = Target.parse(url, "harbour")
        processes = ServerProcesses([pid])
        for connections in options.connections:
            load = clicks.Load(
                connections=connections, seconds=options.seconds, warmup=options.warmup
            )
            line = ProgressLine(f"{connections} connections")
            found.append(
                clicks.measure(
                    target, load, serving.PLAYERS, processes=processes, progress=line.clicks
                )
            )
            line.clear()
        logged = serving.logged(folder)
    answered = sum(int(result.figures["all_clicks"] or 0) for result in found)
    if logged != answered:
        found[-1].problems.append(f"{answered} clicks were answered, {logged} are in the log")
    return found


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    serving.load_options(parser)
    parser.add_argument("--processes", type=int, default=1, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        found = measure(options, Path(folder))
    figures = [result.figures for result in found]
    output.show("Durable clicks, closed loop", figure_table.CLICKS, figures, options)
    output.end([problem for result in found for problem in result.problems])


if __name__ == "__main__":
    main()
