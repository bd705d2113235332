"""What open streams cost, how fast an event reaches all of them, and a game's latencies.

    python benchmarks/streams.py [--streams 18000] [--fan-out 5000] [--players 3000] [--rate 3000]

Starts its own `hunt serve`, one process, on an embedded PostgreSQL in a temporary folder.
In the game each player has a stream and a connection for clicks; clicks leave at their
intended times, whatever became of the ones before, and latencies count from there. Each
answered click must arrive once, on its own player's stream.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import serving
from hunt.bench import game, streams, table
from hunt.bench.processes import Processes
from hunt.bench.target import Target


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=18000, metavar="N")
    parser.add_argument("--fan-out", type=int, default=5000, metavar="N")
    parser.add_argument("--players", type=int, default=3000, metavar="N")
    parser.add_argument("--rate", type=float, default=3000, metavar="CLICKS")
    parser.add_argument("--seconds", type=float, default=8, metavar="S")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    problems = []
    with (
        tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder,
        serving.hunt(["--processes", "1", "--data-dir", folder], {}) as (url, pid),
    ):
        target = Target.parse(url, "harbour")
        served = Processes([serving.server_process(pid)])
        load = streams.Load(streams=options.streams, quiet=30.0, fan_out=options.fan_out, events=20)
        found = streams.measure(target, load, serving.PLAYERS, processes=served)
        print(table.render(table.STREAMS, [found.figures]), flush=True)
        problems += found.problems
        played = [
            game.measure(
                target,
                game.Load(players=players, rate=rate, seconds=options.seconds),
                serving.PLAYERS,
                processes=served,
            )
            for players, rate in ((100, 10.0), (options.players, options.rate))
        ]
        print(table.render(table.GAME, [each.figures for each in played]))
        problems += [problem for each in played for problem in each.problems]
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()
