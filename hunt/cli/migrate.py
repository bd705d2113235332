"""``hunt migrate``: brings the schema up to date."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import common
from hunt.settings import Settings
from hunt.store import schema


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the SQL, and change nothing.")
@common.options
def command(dry_run: bool, data_dir: Path | None, config: Path | None) -> None:
    """Bring the database's schema up to date; a second runner waits for the first."""
    common.run(_migrate, common.read(data_dir, config).settings, dry_run)


async def _migrate(settings: Settings, dry_run: bool) -> None:
    async with common.connection(settings) as conn:
        if dry_run:
            for each in await schema.pending(conn):
                click.echo(f"-- {each}\n{each.sql}")
            return
        applied = await schema.migrate(conn)
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo(f"the schema is up to date, at version {schema.LATEST}")
