"""``hunt bench``: a load on a running server, and the check that nothing was lost."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.bench import clicks, figure_table, game, streams
from hunt.bench.progress import ProgressLine
from hunt.cli import bench_options, common


@click.group(name="bench")
def command() -> None:
    """Load a running server, and check that nothing was lost.

    CPU and memory are shown where the server runs on this machine: CPU in milliseconds
    for 1,000 clicks.
    """
    bench_options.more_files()


@command.command("clicks")
@click.option(
    "--connections",
    type=bench_options.Counts(),
    default="64,256",
    show_default=True,
    help="Keep-alive connections, a player each; a line of the table for each number.",
)
@click.option(
    "--rate",
    type=common.Number(min=0, min_open=True),
    help="Clicks a second, whatever the answers do; else each follows an answer.",
)
@click.option(
    "--seconds",
    type=common.Number(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="For each number of connections.",
)
@click.option(
    "--warmup",
    type=common.Number(min=0),
    default=1.0,
    show_default=True,
    help="Seconds of the same load before.",
)
@bench_options.options
def clicks_command(
    connections: list[int],
    rate: float | None,
    seconds: float,
    warmup: float,
    url: str | None,
    hunt_id: str,
    as_guests: bool,
    as_json: bool,
    html: Path | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """How many clicks, how fast, at what cost.

    With --rate latency counts from when a click was meant to be sent, so that a server
    that stands still does not hide the clicks that had to wait.
    """
    target = bench_options.target(url, hunt_id, data_dir, config)
    source = bench_options.players(target, data_dir, config, as_guests=as_guests)
    found, labels = [], [f"{count} connections" for count in connections]
    for count, label in zip(connections, labels, strict=True):
        load = clicks.Load(connections=count, seconds=seconds, warmup=warmup, rate=rate)
        line = ProgressLine(label)
        try:
            found.append(
                clicks.measure(
                    target,
                    load,
                    source,
                    processes=bench_options.processes(target),
                    progress=line.clicks,
                )
            )
        finally:
            line.clear()
    bench_options.show("Clicks", figure_table.CLICKS, found, labels, as_json=as_json, html=html)


@command.command("streams")
@click.option(
    "--streams",
    "count",
    type=click.IntRange(1, bench_options.MOST),
    default=1000,
    show_default=True,
    help="Open streams on which nothing happens.",
)
@click.option(
    "--quiet",
    type=common.Number(min=0),
    default=10.0,
    show_default=True,
    help="Seconds for which they are watched.",
)
@click.option(
    "--fan-out",
    type=click.IntRange(0, bench_options.MOST),
    default=1000,
    show_default=True,
    help="Streams of everybody's wins; 0 leaves them out.",
)
@click.option(
    "--events",
    type=click.IntRange(1, bench_options.MOST),
    default=20,
    show_default=True,
    help="Wins that go to all of these.",
)
@bench_options.options
def streams_command(
    count: int,
    quiet: float,
    fan_out: int,
    events: int,
    url: str | None,
    hunt_id: str,
    as_guests: bool,
    as_json: bool,
    html: Path | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """What open streams cost, and an event that goes to all of them."""
    target = bench_options.target(url, hunt_id, data_dir, config)
    source = bench_options.players(target, data_dir, config, as_guests=as_guests)
    load = streams.Load(streams=count, quiet=quiet, fan_out=fan_out, events=events)
    found = [streams.measure(target, load, source, processes=bench_options.processes(target))]
    bench_options.show(
        "Streams", figure_table.STREAMS, found, ["streams"], as_json=as_json, html=html
    )


@command.command("game")
@click.option(
    "--players",
    "count",
    type=click.IntRange(1, bench_options.MOST),
    default=1000,
    show_default=True,
    help="Each with a stream, and a connection for clicks.",
)
@click.option(
    "--rate",
    type=common.Number(min=0, min_open=True),
    default=1000.0,
    show_default=True,
    help="Clicks a second of all players together.",
)
@click.option(
    "--seconds", type=common.Number(min=0, min_open=True), default=10.0, show_default=True
)
@bench_options.options
def game_command(
    count: int,
    rate: float,
    seconds: float,
    url: str | None,
    hunt_id: str,
    as_guests: bool,
    as_json: bool,
    html: Path | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Players with open streams click; each outcome must arrive once, on its player's stream."""
    target = bench_options.target(url, hunt_id, data_dir, config)
    source = bench_options.players(target, data_dir, config, as_guests=as_guests)
    line = ProgressLine("game")
    try:
        found = [
            game.measure(
                target,
                game.Load(players=count, seconds=seconds, rate=rate),
                source,
                processes=bench_options.processes(target),
                progress=line.clicks,
            )
        ]
    finally:
        line.clear()
    bench_options.show("Game", figure_table.GAME, found, ["answers"], as_json=as_json, html=html)
