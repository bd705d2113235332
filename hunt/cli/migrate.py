"""``hunt migrate``: migrate the database to the current schema."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.settings import Settings
from hunt.store import schema


@click.command(epilog=arguments.examples("hunt migrate --dry-run", "hunt migrate"))
@click.option("--dry-run", is_flag=True, help="Print the SQL without running it.")
@arguments.options
def command(dry_run: bool, data_dir: Path | None, config: Path | None) -> None:
    """Migrate the database to the current schema; concurrent runs wait for each other."""
    running.run(_migrate, arguments.read(data_dir, config).settings, dry_run)


async def _migrate(settings: Settings, dry_run: bool) -> None:
    async with running.connection(settings) as conn:
        if dry_run:
            for each in await schema.pending(conn):
                click.echo(f"-- {each}\n{each.sql}")
            return
        applied = await schema.migrate(conn, actor=arguments.actor())
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo(f"the schema is up to date, at version {schema.LATEST}")
