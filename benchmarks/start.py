"""Seconds from `hunt serve` to readiness, on the first start and on later ones.

    python -m benchmarks.start [--times 5] [--processes 2] [--json | --markdown]

The first start creates the PostgreSQL cluster, the schema and the demo hunt in an empty data
folder; later starts reuse them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench.figure_table import Columns

COLUMNS: Columns = {
    "start": ("start", 0),
    "median_s": ("median s", 2),
    "least_s": ("least", 2),
    "most_s": ("most", 2),
}


def once(folder: Path, processes: int) -> float:
    """Start a server, and return the seconds until it is ready."""
    began = time.perf_counter()
    with serving.hunt(["--processes", str(processes), "--data-dir", str(folder)], {}):
        return time.perf_counter() - began


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    parser.add_argument("--times", type=int, default=5, metavar="N")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    options = parser.parse_args()
    first, again = [], []
    for _ in range(options.times):
        with tempfile.TemporaryDirectory(
            prefix="hunt-bench-", ignore_cleanup_errors=True
        ) as folder:
            first.append(once(Path(folder), options.processes))
            again.append(once(Path(folder), options.processes))
    rows = [
        {
            "start": name,
            "median_s": median(times),
            "least_s": min(times),
            "most_s": max(times),
        }
        for name, times in (("the first time", first), ("on an existing folder", again))
    ]
    output.show("`hunt serve` until ready", COLUMNS, rows, options)


if __name__ == "__main__":
    main()
