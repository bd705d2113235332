"""``hunt epoch``: what event ids begin with, and a new beginning after a restore."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hunt.cli import common
from hunt.settings import Settings


@click.command()
@click.option("--new", is_flag=True, help="Begin a new epoch of every hunt's log.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@common.options
def command(new: bool, as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """Show the epoch of every hunt's log.

    After a restore from an older backup, run it with --new before clients come back:
    numbers that were given out are given out again, and a stream that resumes from an
    event id of before is then sent "reset", and not somebody else's place in the log.
    """
    epochs = common.run(_epochs, common.read(data_dir, config).settings, new)
    if as_json:
        click.echo(json.dumps(epochs))
        return
    for hunt, epoch in epochs.items():
        click.echo(f"{hunt}  {epoch}")


async def _epochs(settings: Settings, new: bool) -> dict[str, str]:
    async with common.hunts(settings) as hunts:
        if new:
            return await hunts.new_epochs(actor=common.actor())
        return {hunt.id: hunt.epoch for hunt in await hunts.all()}
