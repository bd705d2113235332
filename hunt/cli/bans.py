"""``hunt bans``: list the bans in force."""

from __future__ import annotations

import json
from pathlib import Path

import click
from msgspec import to_builtins

from hunt.cli import arguments, running
from hunt.core.bans import Ban
from hunt.settings import Settings
from hunt.store.bans import StoredBans

COLUMNS = ("number", "banned", "hunt", "until", "by", "reason")


@click.command(epilog=arguments.examples("hunt bans", "hunt bans --json"))
@arguments.json_option
@arguments.options
def command(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List the bans in force, oldest first."""
    found = running.run(_all, arguments.read(data_dir, config).settings)
    if as_json:
        click.echo(json.dumps(to_builtins(found)))
        return
    if not found:
        click.echo("nobody is banned")
        return
    arguments.echo_table([COLUMNS, *map(_row, found)])


async def _all(settings: Settings) -> list[Ban]:
    async with running.pool(settings) as pool:
        return await StoredBans(pool).read()


def _row(ban: Ban) -> tuple[str, ...]:
    return (
        str(ban.id),
        ban.player or ban.network or "",
        ban.hunt or "all",
        "no end" if ban.until is None else f"{ban.until:%Y-%m-%d %H:%M:%S %Z}",
        ban.actor,
        ban.reason,
    )
