"""``hunt bench``: a load on a running server, and the check that nothing was lost."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from hunt.bench import clicks, game, report, streams, table
from hunt.bench.players import Source, guests, signed
from hunt.bench.processes import Processes, listeners
from hunt.bench.progress import Line
from hunt.bench.result import Result
from hunt.bench.target import Target
from hunt.cli import common
from hunt.web import auth

Command = TypeVar("Command", bound=Callable[..., Any])


class Counts(click.ParamType[list[int]]):
    """Positive numbers with commas between them."""

    name = "n,n"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        """Return the numbers in a text as ``64,256``."""
        if isinstance(value, list):
            return value
        try:
            counts = [int(each) for each in str(value).split(",")]
        except ValueError:
            counts = [0]
        if min(counts) < 1:
            self.fail(f"{value!r} must be numbers above 0 with commas between", param, ctx)
        return counts


def options(command: Command) -> Command:
    """Add the flags that all loads share."""
    for option in (
        click.option(
            "--html",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Write a page with tables and plots.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print figures for programs."),
        click.option(
            "--guests",
            "as_guests",
            is_flag=True,
            help="Play as the server's guests; else tokens are signed with the secret.",
        ),
        click.option(
            "--hunt",
            "hunt_id",
            default="harbour",
            show_default=True,
            help="Its id; the load's clicks stay in its log.",
        ),
        click.option(
            "--url",
            default="http://127.0.0.1:8000",
            show_default=True,
            help="The server's, without TLS.",
        ),
        common.options,
    ):
        command = option(command)
    return command


def players(
    target: Target, data_dir: Path | None, config: Path | None, *, as_guests: bool
) -> Source:
    """Return where the players come from."""
    if as_guests:
        return guests(target)
    secrets = common.secrets(common.read(data_dir, config).settings)
    return signed(lambda name: auth.sign(secrets, name, ttl=86400, now=datetime.now(UTC)))


def processes(target: Target) -> Processes | None:
    """Return the server's processes, where they can be seen from here."""
    found = listeners(target.port) if target.local else []
    return Processes(found) if found else None


def more_files() -> None:
    """Raise this process's own file limit as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def show(
    title: str,
    columns: table.Columns,
    results: Sequence[Result],
    labels: Sequence[str],
    *,
    as_json: bool,
    html: Path | None,
) -> None:
    """Print, write, and exit with 1 where a check failed."""
    if as_json:
        click.echo(
            json.dumps(
                [
                    {**each.figures, "statuses": each.statuses, "problems": each.problems}
                    for each in results
                ]
            )
        )
    else:
        click.echo(table.render(columns, [each.figures for each in results]))
    if html is not None:
        html.write_text(report.page(title, columns, results, labels), encoding="utf-8")
    for each in results:
        if each.statuses.get(429):
            click.echo(
                f"{each.statuses[429]} clicks were refused as too fast: start the server with "
                "HUNT_CLICK_RATE=0 to measure without that limit",
                err=True,
            )
    problems = [problem for each in results for problem in each.problems]
    for problem in problems:
        click.echo(f"failed: {problem}", err=True)
    if problems:
        raise SystemExit(1)
    if not as_json:
        click.echo("every check held: nothing was lost, doubled or misdirected")


@click.group(name="bench")
def command() -> None:
    """Load a running server, and check that nothing was lost.

    CPU and memory are shown where the server runs on this machine: CPU in milliseconds
    for 1,000 clicks.
    """
    more_files()


@command.command("clicks")
@click.option(
    "--connections",
    type=Counts(),
    default="64,256",
    show_default=True,
    help="Keep-alive connections, a player each; a line of the table for each number.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Clicks a second, whatever the answers do; else each follows an answer.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="For each number of connections.",
)
@click.option(
    "--warmup",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds of the same load before.",
)
@options
def clicks_command(
    connections: list[int],
    rate: float | None,
    seconds: float,
    warmup: float,
    url: str,
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
    target = Target.parse(url, hunt_id)
    source = players(target, data_dir, config, as_guests=as_guests)
    found, labels = [], [f"{count} connections" for count in connections]
    for count, label in zip(connections, labels, strict=True):
        load = clicks.Load(connections=count, seconds=seconds, warmup=warmup, rate=rate)
        line = Line(label)
        try:
            found.append(
                clicks.measure(
                    target, load, source, processes=processes(target), progress=line.clicks
                )
            )
        finally:
            line.clear()
    show("Clicks", table.CLICKS, found, labels, as_json=as_json, html=html)


@command.command("streams")
@click.option(
    "--streams",
    "count",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Open streams on which nothing happens.",
)
@click.option(
    "--quiet",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds for which they are watched.",
)
@click.option(
    "--fan-out",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Streams of everybody's wins; 0 leaves them out.",
)
@click.option(
    "--events",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Wins that go to all of these.",
)
@options
def streams_command(
    count: int,
    quiet: float,
    fan_out: int,
    events: int,
    url: str,
    hunt_id: str,
    as_guests: bool,
    as_json: bool,
    html: Path | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """What open streams cost, and an event that goes to all of them."""
    target = Target.parse(url, hunt_id)
    source = players(target, data_dir, config, as_guests=as_guests)
    load = streams.Load(streams=count, quiet=quiet, fan_out=fan_out, events=events)
    found = [streams.measure(target, load, source, processes=processes(target))]
    show("Streams", table.STREAMS, found, ["streams"], as_json=as_json, html=html)


@command.command("game")
@click.option(
    "--players",
    "count",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Each with a stream, and a connection for clicks.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1000.0,
    show_default=True,
    help="Clicks a second of all players together.",
)
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True
)
@options
def game_command(
    count: int,
    rate: float,
    seconds: float,
    url: str,
    hunt_id: str,
    as_guests: bool,
    as_json: bool,
    html: Path | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Players with open streams click; each outcome must arrive once, on its player's stream."""
    target = Target.parse(url, hunt_id)
    source = players(target, data_dir, config, as_guests=as_guests)
    line = Line("game")
    try:
        found = [
            game.measure(
                target,
                game.Load(players=count, seconds=seconds, rate=rate),
                source,
                processes=processes(target),
                progress=line.clicks,
            )
        ]
    finally:
        line.clear()
    show("Game", table.GAME, found, ["answers"], as_json=as_json, html=html)
