"""Cost of open streams, speed of the fan-out, and latencies of a game.

    python -m benchmarks.streams [--parts idle,fan-out,game,torrent] [--json | --markdown]

idle: idle streams: memory (PSS) of the only worker, in total and for each stream, and CPU with
    two heartbeats.
fan-out: one win to many streams (scope=all): the time from the first delivery to the last, and
    from the click to the last.  The click waits for its commit, the win 0.1 s for other wins.
game: each player has a stream and a connection for clicks.  It is an open loop, and latencies
    count from scheduled times.  Each answered click must arrive once, on the stream of its
    player.  First a quiet hunt, then a busy one.
torrent: one player clicks as fast as the slowest of many streams allows, on two workers; each
    stream must get every event in order.

Each part starts its own `hunt serve` on an embedded PostgreSQL in a temporary folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import delivery_rate, output, serving
from hunt.bench import figure_table, game, streams
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.target import Target

PARTS = ("idle", "fan-out", "game", "torrent")

#: The columns of `hunt.bench.figure_table.STREAMS`, in two tables.
IDLE = {n: c for n, c in figure_table.STREAMS.items() if "fan_out" not in n and "delivery" not in n}
FAN_OUT = {n: c for n, c in figure_table.STREAMS.items() if n not in IDLE}


@contextmanager
def one_process() -> Iterator[tuple[Target, ServerProcesses]]:
    """Run a server of one process; its supervisor is not measured."""
    with (
        tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder,
        serving.hunt(["--processes", "1", "--data-dir", folder], {}) as (url, pid),
    ):
        server = serving.server_process(pid)
        yield (
            Target.parse(url, "harbour"),
            ServerProcesses([server], serving.postmaster(Path(folder))),
        )


def idle(options: argparse.Namespace) -> list[str]:
    """Measure idle streams; return the failed checks."""
    load = streams.Load(streams=options.streams, quiet=options.quiet, fan_out=0, events=1)
    with one_process() as (target, processes):
        found = streams.measure(target, load, serving.PLAYERS, processes=processes)
    output.show("Idle streams, one process", IDLE, [found.figures], options)
    return found.problems


def fan_out(options: argparse.Namespace) -> list[str]:
    """Measure the fan-out of an event; return the failed checks."""
    load = streams.Load(streams=1, quiet=0, fan_out=options.fan_out, events=options.events)
    with one_process() as (target, processes):
        found = streams.measure(target, load, serving.PLAYERS, processes=processes)
    output.show("One event to many streams, one process", FAN_OUT, [found.figures], options)
    return found.problems


def games(options: argparse.Namespace) -> list[str]:
    """Measure a quiet and a busy game; return the failed checks."""
    loads = ((100, 10.0), (options.players, options.rate))
    with one_process() as (target, processes):
        played = [
            game.measure(
                target,
                game.Load(players=players, rate=rate, seconds=options.seconds),
                serving.PLAYERS,
                processes=processes,
            )
            for players, rate in loads
        ]
    output.show(
        "Players with open streams, one process",
        figure_table.GAME,
        [each.figures for each in played],
        options,
    )
    return [problem for each in played for problem in each.problems]


def torrents(options: argparse.Namespace) -> list[str]:
    """Measure deliveries at full speed; return the failed checks."""
    load = delivery_rate.Load(
        streams=options.torrent, seconds=options.seconds, connections=options.connections
    )
    extra = {"HUNT_MAX_STREAMS_PER_PLAYER": str(options.torrent)}
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        flags = ["--processes", "2", "--data-dir", folder]
        with serving.hunt(flags, extra) as (url, pid):
            [player] = serving.PLAYERS(1)
            found = delivery_rate.measure(
                Target.parse(url, "harbour"), load, player, ServerProcesses([pid])
            )
    output.show(
        "Events at full speed, two processes", delivery_rate.COLUMNS, [found.figures], options
    )
    return found.problems


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    parser.add_argument(
        "--parts", type=lambda text: text.split(","), default=list(PARTS), metavar="PART,PART"
    )
    parser.add_argument("--streams", type=int, default=18000, metavar="N", help="idle")
    parser.add_argument("--quiet", type=float, default=30, metavar="S", help="idle")
    parser.add_argument("--fan-out", type=int, default=5000, metavar="N")
    parser.add_argument("--events", type=int, default=20, metavar="N", help="of the fan-out")
    parser.add_argument("--players", type=int, default=3000, metavar="N", help="of the game")
    parser.add_argument("--rate", type=float, default=3000, metavar="CLICKS", help="of the game")
    parser.add_argument("--torrent", type=int, default=1000, metavar="N", help="its streams")
    parser.add_argument("--connections", type=int, default=64, metavar="N", help="of the torrent")
    parser.add_argument("--seconds", type=float, default=8, metavar="S")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"--parts {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    measure = dict(zip(PARTS, (idle, fan_out, games, torrents), strict=True))
    output.end([problem for part in options.parts for problem in measure[part](options)])


if __name__ == "__main__":
    main()
