"""``hunt hunts``: list the hunts."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core.hunts import Hunt
from hunt.settings import Settings

COLUMNS = ("id", "title", "state", "version", "clicks")


@click.command(epilog=arguments.examples("hunt hunts", "hunt hunts --json"))
@arguments.json_option
@arguments.options
def command(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List the hunts."""
    rows = [_row(hunt) for hunt in running.run(_all, arguments.read(data_dir, config).settings)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("there are no hunts yet: create one with 'hunt apply FILE'")
        return
    table = [COLUMNS, *(tuple(str(row[name]) for name in COLUMNS) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


async def _all(settings: Settings) -> list[Hunt]:
    async with running.hunts(settings) as hunts:
        return await hunts.all()


def _row(hunt: Hunt) -> dict[str, object]:
    return {
        "id": hunt.id,
        "title": hunt.definition.title,
        "state": hunt.phase(hunt.as_of),
        "version": hunt.version,
        "clicks": hunt.last_seq,
    }
