"""``hunt delete ID``: delete a hunt without clicks."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt delete harbour"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Delete a hunt without clicks; its entries in the audit trail stay."""
    running.run(_delete, arguments.read(data_dir, config).settings, hunt_id)
    click.echo(f"hunt {hunt_id} is deleted")


async def _delete(settings: Settings, hunt_id: str) -> None:
    async with running.hunts(settings) as hunts:
        await hunts.delete(hunt_id, actor=arguments.actor())
