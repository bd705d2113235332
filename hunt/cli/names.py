"""``hunt names``: find the names of players, refuse them, and allow them again."""

from __future__ import annotations

import json
from pathlib import Path

import click
from msgspec import to_builtins

from hunt.cli import arguments, running
from hunt.errors import HuntError
from hunt.settings import Settings
from hunt.store.audit import Audit, Entry
from hunt.store.names import PlayerName, StoredNames

COLUMNS = ("player", "name", "from", "state")

_player = click.argument("player", type=arguments.PLAYER_ID)


@click.group(
    epilog=arguments.examples(
        'hunt names list "Ada"', "hunt names refuse guest-8f3a91", "hunt names allow guest-8f3a91"
    )
)
def command() -> None:
    """Find the names of players, refuse them, and allow them again."""


@command.command(
    name="list",
    epilog=arguments.examples('hunt names list "Ada"', 'hunt names list "Ada" --json'),
)
@click.argument("name")
@arguments.json_option
@arguments.options
def list_(name: str, as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List up to 100 players with names that read like NAME.

    The comparison ignores case, spaces, signs and marks.
    """
    found = running.run(_search, arguments.read(data_dir, config).settings, name)
    if as_json:
        click.echo(json.dumps(to_builtins(found)))
        return
    if not found:
        click.echo("no player has such a name")
        return
    arguments.echo_table([COLUMNS, *map(_row, found)])


@command.command(epilog=arguments.examples("hunt names refuse guest-8f3a91"))
@_player
@arguments.options
def refuse(player: str, data_dir: Path | None, config: Path | None) -> None:
    """Hide the name of PLAYER: others see the masked id.

    The player cannot choose another name, until 'hunt names allow'.
    """
    found = running.run(_refuse, arguments.read(data_dir, config).settings, player, True)
    click.echo(f"the name of {found.player} is refused")


@command.command(epilog=arguments.examples("hunt names allow guest-8f3a91"))
@_player
@arguments.options
def allow(player: str, data_dir: Path | None, config: Path | None) -> None:
    """Show the name of PLAYER again.

    The player may then choose another name.
    """
    found = running.run(_refuse, arguments.read(data_dir, config).settings, player, False)
    click.echo(f"the name of {found.player} is allowed")


async def _search(settings: Settings, name: str) -> list[PlayerName]:
    async with running.pool(settings) as pool:
        found = await StoredNames(pool).search(name)
        detail: dict[str, object] = {"players": len(found)}
        await Audit(pool).record(Entry(actor=arguments.actor(), action="names", detail=detail))
        return found


async def _refuse(settings: Settings, player: str, refused: bool) -> PlayerName:
    async with running.pool(settings) as pool:
        found = await StoredNames(pool).refuse(player, refused=refused, actor=arguments.actor())
    if found is None:
        raise HuntError(f"player {player!r} has no name; find players with 'hunt names list NAME'")
    return found


def _row(found: PlayerName) -> tuple[str, ...]:
    source = "token" if found.claimed else "player"
    return (found.player, found.name, source, "refused" if found.refused else "shown")
