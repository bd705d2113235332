"""``hunt bench``: put load on a running server, and check every outcome."""

from __future__ import annotations

import click

from hunt.bench import clicks, figure_table, game, streams
from hunt.bench.progress import ProgressLine
from hunt.cli import arguments, bench_options
from hunt.plurals import plural


@click.group(name="bench")
def command() -> None:
    """Put load on a running server, and check every outcome.

    If the server runs on this machine, its CPU time (in milliseconds for 1,000 clicks) and
    its memory are shown, too.
    """
    bench_options.more_files()


@command.command(
    "clicks",
    epilog=arguments.examples(
        "hunt bench clicks",
        "hunt bench clicks --connections 64,1000 --rate 3000 --html clicks.html",
    ),
)
@click.option(
    "--connections",
    type=bench_options.Counts(),
    default="64,256",
    show_default=True,
    help="Numbers of keep-alive connections, each with its own player. Each number is measured "
    "in turn.",
)
@click.option(
    "--rate",
    type=arguments.Number(min=0, min_open=True),
    help="Clicks a second (open loop); by default a click follows each answer (closed loop).",
)
@click.option(
    "--seconds",
    type=arguments.Number(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Duration for each number of connections.",
)
@click.option(
    "--warmup",
    type=arguments.Number(min=0),
    default=1.0,
    show_default=True,
    help="Seconds of the same load before the measurement.",
)
@bench_options.options
def clicks_command(
    bench: bench_options.Bench,
    connections: list[int],
    rate: float | None,
    seconds: float,
    warmup: float,
) -> None:
    """Measure throughput, latency and CPU of clicks.

    With --rate, latency counts from the scheduled time of a click. A server that stalls
    therefore cannot hide the waiting time of later clicks (coordinated omission).
    """
    found, labels = [], [plural(count, "connection") for count in connections]
    for count, label in zip(connections, labels, strict=True):
        load = clicks.Load(connections=count, seconds=seconds, warmup=warmup, rate=rate)
        line = ProgressLine(label)
        try:
            found.append(
                clicks.measure(
                    bench.target,
                    load,
                    bench.players,
                    processes=bench.processes(),
                    progress=line.clicks,
                )
            )
        finally:
            line.clear()
    bench.show("Clicks", figure_table.CLICKS, found, labels)


@command.command(
    "streams",
    epilog=arguments.examples(
        "hunt bench streams", "hunt bench streams --streams 10000 --quiet 30"
    ),
)
@click.option(
    "--streams",
    "count",
    type=click.IntRange(1, bench_options.MOST),
    default=1000,
    show_default=True,
    help="Number of idle streams.",
)
@click.option(
    "--quiet",
    type=arguments.Number(min=0),
    default=10.0,
    show_default=True,
    help="Seconds for which idle streams are measured.",
)
@click.option(
    "--fan-out",
    type=click.IntRange(0, bench_options.MOST),
    default=1000,
    show_default=True,
    help="Streams with the wins of all players (scope=all); 0: none.",
)
@click.option(
    "--events",
    type=click.IntRange(1, bench_options.MOST),
    default=20,
    show_default=True,
    help="Number of wins sent to them.",
)
@bench_options.options
def streams_command(
    bench: bench_options.Bench,
    count: int,
    quiet: float,
    fan_out: int,
    events: int,
) -> None:
    """Measure the cost of idle streams, and the fan-out of events."""
    load = streams.Load(streams=count, quiet=quiet, fan_out=fan_out, events=events)
    found = [streams.measure(bench.target, load, bench.players, processes=bench.processes())]
    bench.show("Streams", figure_table.STREAMS, found, ["streams"])


@command.command(
    "game",
    epilog=arguments.examples(
        "hunt bench game", "hunt bench game --players 3000 --rate 3000 --seconds 30 --json"
    ),
)
@click.option(
    "--players",
    "count",
    type=click.IntRange(1, bench_options.MOST),
    default=1000,
    show_default=True,
    help="Number of players, each with a stream and a connection for clicks.",
)
@click.option(
    "--rate",
    type=arguments.Number(min=0, min_open=True),
    default=1000.0,
    show_default=True,
    help="Clicks a second, all players together.",
)
@click.option(
    "--seconds",
    type=arguments.Number(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Duration.",
)
@bench_options.options
def game_command(
    bench: bench_options.Bench,
    count: int,
    rate: float,
    seconds: float,
) -> None:
    """Click as players with open streams, and check each stream.

    Each stream must get the outcomes of its player once.
    """
    line = ProgressLine("game")
    try:
        found = [
            game.measure(
                bench.target,
                game.Load(players=count, seconds=seconds, rate=rate),
                bench.players,
                processes=bench.processes(),
                progress=line.clicks,
            )
        ]
    finally:
        line.clear()
    bench.show("Game", figure_table.GAME, found, ["answers"])
