"""``hunt pause ID``: refuse the clicks of a hunt or a campaign until it is opened again."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, hunt_state, running


@click.command(epilog=arguments.examples("hunt pause harbour", "hunt pause advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Pause a hunt, or all doors of a campaign: clicks are refused until 'hunt open'."""
    settings = arguments.read(data_dir, config).settings
    doors = running.run(hunt_state.change, settings, hunt_id, "paused")
    if doors is None:
        click.echo(f"hunt {hunt_id} is paused: go on with 'hunt open {hunt_id}'")
    else:
        click.echo(f"campaign {hunt_id} is paused: go on with 'hunt open {hunt_id}'")
