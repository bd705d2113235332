"""``hunt announce HUNT TEXT``: tell everyone in a hunt something."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings
from hunt.store.announcements import Announcements


@click.command(
    epilog=arguments.examples(
        'hunt announce harbour "The next chest opens at nine."', "hunt announce harbour --clear"
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.argument("text", required=False)
@click.option("--clear", is_flag=True, help="Withdraw the last announcement.")
@arguments.options
def command(
    hunt_id: str, text: str | None, clear: bool, data_dir: Path | None, config: Path | None
) -> None:
    """Announce TEXT, 1 to 500 characters, on every open page and stream of a hunt."""
    if clear == (text is not None):
        raise click.UsageError("give a TEXT, or --clear to withdraw the last announcement")
    click.echo(running.run(_announce, arguments.read(data_dir, config).settings, hunt_id, text))


async def _announce(settings: Settings, hunt_id: str, text: str | None) -> str:
    async with running.pool(settings) as pool:
        made = await Announcements(pool).announce(hunt_id, text, actor=arguments.actor())
    what = "withdrawn" if made.text is None else "announced"
    return f"{what} in hunt {hunt_id} (number {made.number})"
