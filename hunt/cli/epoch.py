"""``hunt epoch``: show the epochs of the logs, and begin new ones."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt epoch", "hunt epoch --new"))
@click.option("--new", is_flag=True, help="Begin a new epoch of every hunt's log.")
@arguments.json_option
@arguments.options
def command(new: bool, as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """Show the epoch of every hunt's log.

    After a restore from an older backup, run it with --new before clients reconnect. The
    log then assigns the same numbers again. With a new epoch, a stream that resumes after
    an old event id gets "reset" instead of missing new rewards.
    """
    epochs = running.run(_epochs, arguments.read(data_dir, config).settings, new)
    if as_json:
        click.echo(json.dumps(epochs))
        return
    for hunt, epoch in epochs.items():
        click.echo(f"{hunt}  {epoch}")


async def _epochs(settings: Settings, new: bool) -> dict[str, str]:
    async with running.hunts(settings) as hunts:
        if new:
            return await hunts.new_epochs(actor=arguments.actor())
        return {hunt.id: hunt.epoch for hunt in await hunts.all()}
