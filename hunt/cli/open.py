"""``hunt open ID``: open a hunt or a campaign for clicks."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, hunt_state, running


@click.command(epilog=arguments.examples("hunt open harbour", "hunt open advent"))
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Open a hunt: it accepts clicks between its opening and closing times.

    With the id of a campaign, open all its doors that are not over. Each of them accepts clicks
    between its own times, without another command.
    """
    settings = arguments.read(data_dir, config).settings
    doors = running.run(hunt_state.change, settings, hunt_id, "open")
    if doors is None:
        click.echo(f"hunt {hunt_id} is open")
    else:
        click.echo(f"campaign {hunt_id} is open: each door opens at its own time")
