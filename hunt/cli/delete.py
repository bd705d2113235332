"""``hunt delete ID``: delete a hunt or a campaign without clicks."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.plurals import plural
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt delete harbour", "hunt delete advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Delete a hunt without clicks, or a campaign with all its doors, if none has clicks.

    A test hunt is deleted with its clicks. The entries in the audit trail stay.
    """
    click.echo(running.run(_delete, arguments.read(data_dir, config).settings, hunt_id))


async def _delete(settings: Settings, hunt_id: str) -> str:
    async with running.campaigns(settings) as (campaigns, hunts):
        if await campaigns.exists(hunt_id):
            deleted = await campaigns.delete(hunt_id, actor=arguments.actor())
            return f"campaign {hunt_id} is deleted, with {plural(len(deleted), 'door')}"
        await hunts.delete(hunt_id, actor=arguments.actor())
        return f"hunt {hunt_id} is deleted"
