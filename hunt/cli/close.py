"""``hunt close ID``: close a hunt for good."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt close harbour"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Close a hunt for good; its seed becomes public."""
    running.run(_close, arguments.read(data_dir, config).settings, hunt_id)
    click.echo(f"hunt {hunt_id} is closed")


async def _close(settings: Settings, hunt_id: str) -> None:
    async with running.hunts(settings) as hunts:
        await hunts.close(hunt_id, actor=arguments.actor())
