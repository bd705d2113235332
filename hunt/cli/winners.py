"""``hunt winners ID``: list who won what in a hunt or a campaign."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import click
from msgspec.structs import asdict, replace

from hunt.cli import arguments, running
from hunt.core import winner_formats
from hunt.core.claims import RewardState
from hunt.core.key_ring import KeyRing
from hunt.core.winner_formats import FULFILMENT, HUNT_FULFILMENT
from hunt.play import claims
from hunt.settings import Settings
from hunt.store.audit import Audit, Entry
from hunt.store.campaigns import Campaigns
from hunt.store.hunts import Hunts
from hunt.store.winners import Filter, Winner, pages

STATES = get_args(RewardState)


@click.command(
    epilog=arguments.examples(
        "hunt winners harbour > winners.csv",
        "hunt winners harbour --prize gold-coin --format ndjson",
        "hunt winners advent > winners.csv",
    )
)
@click.argument("hunt_id", metavar="ID", type=arguments.HUNT_ID)
@click.option("--prize", type=arguments.PRIZE_ID, help="List only winners of this prize.")
@click.option("--player", type=arguments.PLAYER_ID, help="List only this player's wins.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    default="csv",
    show_default=True,
    help="Format of the list.",
)
@click.option("--state", type=click.Choice(STATES), help="List only rewards in this state.")
@click.option("--fields", is_flag=True, help="With the fields of claims, decrypted.")
@arguments.options
def command(
    hunt_id: str,
    prize: str | None,
    player: str | None,
    form: str,
    state: RewardState | None,
    fields: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """List the winners of a hunt with their prizes and codes, in the order of its log.

    With the id of a campaign, list the winners of its doors one after the other, with the hunt in
    a first column.
    """
    settings = arguments.read(data_dir, config).settings
    wanted = Filter(prize=prize, player=player, state=state)
    running.run(_list, settings, hunt_id, wanted, form, fields)


async def _list(settings: Settings, hunt_id: str, wanted: Filter, form: str, fields: bool) -> None:
    ring = arguments.key_ring(settings)
    async with running.pool(settings) as pool:
        hunts = Hunts(pool, ring)
        doors = await Campaigns(pool).hunts(hunt_id)
        if not doors:
            await running.existing(hunts, hunt_id)
        columns: Sequence[winner_formats.Column] = HUNT_FULFILMENT if doors else FULFILMENT
        columns = winner_formats.of_hunt(hunt_id, columns)
        if fields:
            columns = (*columns, winner_formats.CLAIM)
        lines = winner_formats.csv_lines if form == "csv" else winner_formats.json_lines
        if form == "csv":
            click.echo(winner_formats.csv_head(columns), nl=False)
        detail = {name: str(each) for name, each in asdict(wanted).items() if each is not None}
        if fields:
            detail["fields"] = "true"
        entry = Entry(actor=arguments.actor(), action="winners", hunt=hunt_id, detail={**detail})
        await Audit(pool).record(entry)
        for hunt in doors or [hunt_id]:
            async with aclosing(pages(pool, hunt, wanted, ring=ring, fields=fields)) as found:
                async for page in found:
                    winners = [_opened(ring, hunt, each) for each in page] if fields else page
                    rows = (SimpleNamespace(hunt=hunt, **asdict(each)) for each in winners)
                    click.echo(lines(rows, columns), nl=False)


def _opened(ring: KeyRing, hunt: str, winner: Winner) -> Winner:
    """Return a winner with the fields of the claim."""
    return replace(winner, fields=claims.opened(ring, hunt, winner.seq, winner.sealed))
