"""``hunt close ID``: close a hunt or a campaign for good."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt close harbour", "hunt close advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Close a hunt, or all doors of a campaign, for good; the seeds become public."""
    click.echo(running.run(_close, arguments.read(data_dir, config).settings, hunt_id))


async def _close(settings: Settings, hunt_id: str) -> str:
    async with running.campaigns(settings) as (campaigns, hunts):
        if await campaigns.exists(hunt_id):
            closed = await campaigns.set_state(hunt_id, "closed", actor=arguments.actor())
            return f"campaign {hunt_id} is closed: {len(closed)} doors ended now"
        await hunts.close(hunt_id, actor=arguments.actor())
        return f"hunt {hunt_id} is closed"
