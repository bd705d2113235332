"""``hunt open ID``: open a hunt for clicks."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt open harbour"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Open a hunt: it accepts clicks between its opening and closing times."""
    running.run(_open, arguments.read(data_dir, config).settings, hunt_id)
    click.echo(f"hunt {hunt_id} is open")


async def _open(settings: Settings, hunt_id: str) -> None:
    async with running.hunts(settings) as hunts:
        await hunts.open(hunt_id, actor=arguments.actor())
