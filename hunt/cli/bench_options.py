"""Options, players and reports that the loads of ``hunt bench`` share."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path

import click

from hunt.bench import figure_table, html_report
from hunt.bench.players import PlayerSource, guests, signed
from hunt.bench.process_usage import ServerProcesses, listening_processes
from hunt.bench.result import Result
from hunt.bench.target import Target
from hunt.cli import arguments, server_address
from hunt.core.tokens import sign
from hunt.plurals import plural

#: Largest number of connections, streams or players of one load.
MOST = 1_000_000


class Counts(click.ParamType[list[int]]):
    """A comma-separated list of positive numbers."""

    name = "n,n"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        """Return the numbers in a text like ``64,256``."""
        if isinstance(value, list):
            return value
        try:
            counts = [int(each) for each in str(value).split(",")]
        except ValueError:
            counts = [0]
        if not all(1 <= count <= MOST for count in counts):
            self.fail(f"must be a comma-separated list of numbers from 1 to {MOST}", param, ctx)
        return counts


@dataclass(frozen=True, slots=True)
class Bench:
    """The values of the options that all loads share."""

    target: Target
    players: PlayerSource
    as_json: bool
    html: Path | None  #: file for a page

    def processes(self) -> ServerProcesses | None:
        """Return the server's processes, or None if it runs on another machine."""
        found = listening_processes(self.target.port) if self.target.local else []
        return ServerProcesses(found) if found else None

    def show(
        self,
        title: str,
        columns: figure_table.Columns,
        results: Sequence[Result],
        labels: Sequence[str],
    ) -> None:
        """Print the figures, write the page, and exit with 1 if a check failed."""
        if self.as_json:
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
        if self.html is not None:
            page = html_report.page(title, columns, results, labels)
            self.html.write_text(page, encoding="utf-8")
        for each in results:
            if each.statuses.get(429):
                click.echo(
                    f"{plural(each.statuses[429], 'click was', 'clicks were')} refused by the "
                    "rate limit: start the server with HUNT_CLICK_RATE=0 to measure without it",
                    err=True,
                )
        problems = [problem for each in results for problem in each.problems]
        for problem in problems:
            click.echo(f"failed: {problem}", err=True)
        if problems:
            raise SystemExit(1)
        if not self.as_json:
            click.echo(
                "all checks passed: no reward was lost, duplicated or sent to the wrong player"
            )


def options(load: Callable[..., None]) -> Callable[..., None]:
    """Add the options that all loads share; the load gets them as a `Bench`."""

    @wraps(load)
    def command(
        *,
        url: str | None,
        hunt_id: str,
        as_guests: bool,
        as_json: bool,
        html: Path | None,
        data_dir: Path | None,
        config: Path | None,
        **own: object,
    ) -> None:
        target = Target.parse(server_address.address(url, data_dir, config), hunt_id)
        players = _players(target, data_dir, config, as_guests=as_guests)
        load(Bench(target, players, as_json, html), **own)

    for option in (
        click.option(
            "--html",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Write an HTML page with tables and plots.",
        ),
        arguments.json_option,
        click.option(
            "--guests",
            "as_guests",
            is_flag=True,
            help="Play as guests; by default tokens are signed with the server's secret.",
        ),
        click.option(
            "--hunt",
            "hunt_id",
            default="harbour",
            show_default=True,
            type=arguments.HUNT_ID,
            help="Hunt to click in; the clicks of the load stay in its log.",
        ),
        server_address.option,
        arguments.options,
    ):
        command = option(command)
    return command


def _players(
    target: Target, data_dir: Path | None, config: Path | None, *, as_guests: bool
) -> PlayerSource:
    """Return the source of the load's players."""
    if as_guests:
        return guests(target)
    secrets = arguments.secrets(arguments.read(data_dir, config).settings)
    return signed(lambda name: sign(secrets, name, ttl=86400, now=datetime.now(UTC)))


def more_files() -> None:
    """Raise the file limit of this process to its hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
