"""``hunt close ID``."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import common
from hunt.settings import Settings


@click.command()
@click.argument("hunt_id", metavar="ID", type=common.HUNT_ID)
@common.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """End a hunt for good; from then on its seed is public."""
    common.run(_close, common.read(data_dir, config).settings, hunt_id)
    click.echo(f"hunt {hunt_id} is closed")


async def _close(settings: Settings, hunt_id: str) -> None:
    async with common.hunts(settings) as hunts:
        await hunts.close(hunt_id, actor=common.actor())
