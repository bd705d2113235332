"""``hunt unban NUMBER``: lift a ban."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core.bans import Ban
from hunt.settings import Settings
from hunt.store.bans import StoredBans


@click.command(epilog=arguments.examples("hunt unban 17"))
@click.argument("number", metavar="NUMBER", type=click.IntRange(min=1, max=2**31 - 1))
@arguments.options
def command(number: int, data_dir: Path | None, config: Path | None) -> None:
    """Lift a ban by its number, which 'hunt bans' shows."""
    ban = running.run(_unban, arguments.read(data_dir, config).settings, number)
    click.echo(f"{ban.player or ban.network} is no longer banned (ban {ban.id})")


async def _unban(settings: Settings, number: int) -> Ban:
    async with running.pool(settings) as pool:
        return await StoredBans(pool).remove(number, actor=arguments.actor())
