"""``hunt close ID``: close a hunt or a campaign for good."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, hunt_state, running
from hunt.plurals import plural


@click.command(epilog=arguments.examples("hunt close harbour", "hunt close advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Close a hunt, or all doors of a campaign, for good; the seeds become public."""
    settings = arguments.read(data_dir, config).settings
    doors = running.run(hunt_state.change, settings, hunt_id, "closed")
    if doors is None:
        click.echo(f"hunt {hunt_id} is closed")
    else:
        click.echo(f"campaign {hunt_id} is closed: {plural(len(doors), 'door')} ended now")
