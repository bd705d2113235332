"""``hunt open ID``: open a hunt or a campaign for clicks."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt open harbour", "hunt open advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Open a hunt: it accepts clicks between its opening and closing times.

    With the id of a campaign, open all its doors that are not over. Each of them accepts clicks
    between its own times, without another command.
    """
    click.echo(running.run(_open, arguments.read(data_dir, config).settings, hunt_id))


async def _open(settings: Settings, hunt_id: str) -> str:
    async with running.campaigns(settings) as (campaigns, hunts):
        if await campaigns.exists(hunt_id):
            await campaigns.set_state(hunt_id, "open", actor=arguments.actor())
            return f"campaign {hunt_id} is open: each door opens at its own time"
        await hunts.open(hunt_id, actor=arguments.actor())
        return f"hunt {hunt_id} is open"
