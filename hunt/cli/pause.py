"""``hunt pause ID``: refuse the clicks of a hunt or a campaign until it is opened again."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt pause harbour", "hunt pause advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Pause a hunt, or all doors of a campaign: clicks are refused until 'hunt open'."""
    click.echo(running.run(_pause, arguments.read(data_dir, config).settings, hunt_id))


async def _pause(settings: Settings, hunt_id: str) -> str:
    async with running.campaigns(settings) as (campaigns, hunts):
        if await campaigns.exists(hunt_id):
            await campaigns.set_state(hunt_id, "paused", actor=arguments.actor())
            return f"campaign {hunt_id} is paused: go on with 'hunt open {hunt_id}'"
        await hunts.pause(hunt_id, actor=arguments.actor())
        return f"hunt {hunt_id} is paused: go on with 'hunt open {hunt_id}'"
