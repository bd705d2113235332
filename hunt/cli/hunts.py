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
    arguments.echo_table([COLUMNS, *(tuple(str(row[name]) for name in COLUMNS) for row in rows)])


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
