"""``hunt verify HUNT``: computes every draw again, and compares it with the log."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import click

from hunt.cli import common
from hunt.core.verification import Edition, Verifier
from hunt.core.wire import valid_player
from hunt.errors import HuntError, HuntNotFound
from hunt.settings import Settings
from hunt.store.drawn import pages
from hunt.store.hunts import Hunts

#: Rows that are named, at most, where they are not what their draws gave.
NAMED = 10


@click.command()
@click.argument("hunt_id", metavar="HUNT", type=common.HUNT_ID)
@click.option("--player", help="Only this player's draws.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@common.options
def command(
    hunt_id: str, player: str | None, as_json: bool, data_dir: Path | None, config: Path | None
) -> None:
    """Compute every draw of a HUNT again from its seed; exit status 1 where one is wrong."""
    if player is not None and not valid_player(player):
        raise click.BadParameter("must be 1-64 of A-Z a-z 0-9 _ . : -", param_hint="--player")
    found = common.run(_verify, common.read(data_dir, config).settings, hunt_id, player)
    counts, wrong, commitment = found
    if as_json:
        click.echo(
            json.dumps({"hunt": hunt_id, "commitment": commitment, **counts, "wrong_seqs": wrong})
        )
    else:
        click.echo(f"the seed's SHA-256 is {commitment}, as it was shown from the start")
        click.echo(
            f"{sum(counts.values())} draws: {counts['right']} as computed, {counts['denied']} won "
            f"what had run out, {counts['erased']} of players who were erased, "
            f"{counts['wrong']} wrong"
        )
    if counts["wrong"]:
        named = ", ".join(map(str, wrong))
        raise HuntError(f"the log of {hunt_id} is not what was drawn, at seq {named} to begin with")


async def _verify(
    settings: Settings, hunt_id: str, player: str | None
) -> tuple[dict[str, int], list[int], str]:
    counts: Counter[str] = Counter(right=0, denied=0, erased=0, wrong=0)
    wrong: list[int] = []
    async with common.pool(settings) as pool:
        hunts = Hunts(pool)
        hunt = await hunts.get(hunt_id)
        if hunt is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}: 'hunt hunts' lists them")
        versions = reversed(await hunts.versions(hunt_id))
        verifier = Verifier(hunt.seed, [Edition(each.at, each.definition) for each in versions])
        async with aclosing(pages(pool, hunt_id, player)) as rows:
            async for page in rows:
                for row in page:
                    verdict = verifier.judge(row)
                    counts[verdict] += 1
                    if verdict == "wrong" and len(wrong) < NAMED:
                        wrong.append(row.seq)
    return dict(counts), wrong, hunt.commitment
