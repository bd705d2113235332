"""What the loads of ``hunt bench`` share: their flags, their players, their report."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from hunt.bench import figure_table, html_report
from hunt.bench.players import PlayerSource, guests, signed
from hunt.bench.process_usage import ServerProcesses, listening_processes
from hunt.bench.result import Result
from hunt.bench.target import Target
from hunt.cli import common, server_address
from hunt.core.tokens import sign

Command = TypeVar("Command", bound=Callable[..., Any])


#: Connections, streams or players of one load, at most.
MOST = 1_000_000


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
        if not all(1 <= count <= MOST for count in counts):
            self.fail(f"must be numbers from 1 to {MOST} with commas between", param, ctx)
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
            type=common.HUNT_ID,
            help="Its id; the load's clicks stay in its log.",
        ),
        server_address.option,
        common.options,
    ):
        command = option(command)
    return command


def target(url: str | None, hunt_id: str, data_dir: Path | None, config: Path | None) -> Target:
    """Return the server to load, and the hunt."""
    return Target.parse(server_address.address(url, data_dir, config), hunt_id)


def players(
    target: Target, data_dir: Path | None, config: Path | None, *, as_guests: bool
) -> PlayerSource:
    """Return where the players come from."""
    if as_guests:
        return guests(target)
    secrets = common.secrets(common.read(data_dir, config).settings)
    return signed(lambda name: sign(secrets, name, ttl=86400, now=datetime.now(UTC)))


def processes(target: Target) -> ServerProcesses | None:
    """Return the server's processes, where they can be seen from here."""
    found = listening_processes(target.port) if target.local else []
    return ServerProcesses(found) if found else None


def more_files() -> None:
    """Raise this process's own file limit as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def show(
    title: str,
    columns: figure_table.Columns,
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
        click.echo(figure_table.render(columns, [each.figures for each in results]))
    if html is not None:
        html.write_text(html_report.page(title, columns, results, labels), encoding="utf-8")
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
