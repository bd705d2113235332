"""``hunt winners HUNT``: list who won what."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core import winner_formats
from hunt.errors import HuntNotFound
from hunt.settings import Settings
from hunt.store.hunts import Hunts
from hunt.store.winners import Filter, pages


@click.command(
    epilog=arguments.examples(
        "hunt winners harbour > winners.csv",
        "hunt winners harbour --prize gold-coin --format ndjson",
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.option("--prize", type=arguments.HUNT_ID, help="List only winners of this prize.")
@click.option("--player", type=arguments.PLAYER_ID, help="List only this player's wins.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    default="csv",
    show_default=True,
    help="Format of the list.",
)
@arguments.options
def command(
    hunt_id: str,
    prize: str | None,
    player: str | None,
    form: str,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """List who won what in a HUNT, in the order of its log."""
    settings = arguments.read(data_dir, config).settings
    running.run(_list, settings, hunt_id, Filter(prize=prize, player=player), form)


async def _list(settings: Settings, hunt_id: str, wanted: Filter, form: str) -> None:
    async with running.pool(settings) as pool:
        if await Hunts(pool, arguments.key_ring(settings)).get(hunt_id) is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}: 'hunt hunts' lists them")
        lines = winner_formats.csv_lines if form == "csv" else winner_formats.json_lines
        if form == "csv":
            click.echo(winner_formats.csv_head(), nl=False)
        async with aclosing(pages(pool, hunt_id, wanted)) as found:
            async for winners in found:
                click.echo(lines(winners), nl=False)
