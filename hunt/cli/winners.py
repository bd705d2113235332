"""``hunt winners ID``: list who won what in a hunt or a campaign."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace

import click
from msgspec.structs import asdict

from hunt.cli import arguments, running
from hunt.core import winner_formats
from hunt.core.winner_formats import FULFILMENT, HUNT_FULFILMENT
from hunt.errors import HuntNotFound
from hunt.settings import Settings
from hunt.store.campaigns import Campaigns
from hunt.store.hunts import Hunts
from hunt.store.winners import Filter, pages


@click.command(
    epilog=arguments.examples(
        "hunt winners harbour > winners.csv",
        "hunt winners harbour --prize gold-coin --format ndjson",
        "hunt winners advent > winners.csv",
    )
)
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
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
    """List who won what in a hunt, with codes, in the order of its log.

    With the id of a campaign, list the winners of its doors one after the other, with the hunt in
    a first column.
    """
    settings = arguments.read(data_dir, config).settings
    running.run(_list, settings, hunt_id, Filter(prize=prize, player=player), form)


async def _list(settings: Settings, hunt_id: str, wanted: Filter, form: str) -> None:
    ring = arguments.key_ring(settings)
    async with running.pool(settings) as pool:
        hunts = Hunts(pool, ring)
        doors = await Campaigns(pool).hunts(hunt_id)
        if not doors and await hunts.get(hunt_id) is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}: 'hunt hunts' lists them")
        columns = HUNT_FULFILMENT if doors else FULFILMENT
        lines = winner_formats.csv_lines if form == "csv" else winner_formats.json_lines
        if form == "csv":
            click.echo(winner_formats.csv_head(columns), nl=False)
        for hunt in doors or [hunt_id]:
            async with aclosing(pages(pool, hunt, wanted, ring=ring)) as found:
                async for winners in found:
                    rows = (SimpleNamespace(hunt=hunt, **asdict(each)) for each in winners)
                    click.echo(lines(rows, columns), nl=False)
