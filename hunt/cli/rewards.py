"""``hunt rewards``: show rewards with their states; mark them as sent; void them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from hunt.cli import arguments, running
from hunt.errors import HuntError, RewardNotFound
from hunt.play.claims import opened
from hunt.play.hunt_json import moment
from hunt.settings import Settings
from hunt.store.audit import Audit, Entry
from hunt.store.hunts import Hunts
from hunt.store.reward_states import Asked, RewardStates


@click.group()
def command() -> None:
    """Show rewards with their states, mark them as sent, and void them."""


_seqs = click.argument("seqs", metavar="SEQ...", type=click.IntRange(1, 10**18 - 1), nargs=-1)


@command.command(epilog=arguments.examples("hunt rewards show live-show 17"))
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.argument("seq", metavar="SEQ", type=click.IntRange(1, 10**18 - 1))
@arguments.options
def show(hunt_id: str, seq: int, data_dir: Path | None, config: Path | None) -> None:
    """Print a reward, the history of its state, and its claim, as JSON.

    The fields of the claim are decrypted. The audit trail records the command.
    """
    settings = arguments.read(data_dir, config).settings
    click.echo(json.dumps(running.run(_show, settings, hunt_id, seq), indent=2))


@command.command(epilog=arguments.examples("hunt rewards sent live-show 17 18"))
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@_seqs
@arguments.options
def sent(hunt_id: str, seqs: Sequence[int], data_dir: Path | None, config: Path | None) -> None:
    """Mark rewards as sent: all of them, or none."""
    if not seqs:
        raise click.UsageError("give one or more SEQ")
    settings = arguments.read(data_dir, config).settings
    running.run(_change, settings, hunt_id, "sent", list(seqs), None, None)


@command.command(
    epilog=arguments.examples(
        'hunt rewards void live-show 17 --reason "not eligible"',
        'hunt rewards void live-show --player ada --reason "a bot"',
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@_seqs
@click.option(
    "--player", type=arguments.PLAYER_ID, help="Void all rewards of this player that are not sent."
)
@click.option("--reason", required=True, help="Why; kept for ever, without the player's id.")
@arguments.options
def void(
    hunt_id: str,
    seqs: Sequence[int],
    player: str | None,
    reason: str,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Void rewards: all of them, or none. Their units return to the stock; this is final."""
    if bool(seqs) == bool(player):
        raise click.UsageError("give one or more SEQ, or --player")
    if not (1 <= len(reason) <= 200 and reason.isprintable()):
        raise click.BadParameter("must be one line of 1 to 200 characters", param_hint="--reason")
    settings = arguments.read(data_dir, config).settings
    running.run(_change, settings, hunt_id, "void", list(seqs) or None, player, reason)


async def _show(settings: Settings, hunt: str, seq: int) -> dict[str, object]:
    async with running.pool(settings) as pool:
        states = RewardStates(pool)
        found = await states.get(hunt, seq)
        if found is None:
            raise RewardNotFound
        detail: dict[str, object] = {"seq": seq, "fields": True}
        entry = Entry(actor=arguments.actor(), action="reward", hunt=hunt, detail=detail)
        await Audit(pool).record(entry)
        reward = found.reward
        history = [
            {
                "number": each.number, "state": each.state, "at": moment(each.at),
                "actor": each.actor, "reason": each.reason,
            }
            for each in await states.history(hunt, seq)
        ]  # fmt: skip
        fields = opened(arguments.key_ring(settings), hunt, seq, found.sealed)
    return {
        "seq": seq, "id": reward.id, "player": reward.player, "prize": reward.prize,
        "points": reward.points, "at": reward.at, "x": reward.x, "y": reward.y,
        "state": reward.state, "history": history, "fields": fields,
    }  # fmt: skip


async def _change(
    settings: Settings,
    hunt: str,
    state: Literal["sent", "void"],
    seqs: list[int] | None,
    player: str | None,
    reason: str | None,
) -> None:
    async with running.pool(settings) as pool:
        await running.existing(Hunts(pool, arguments.key_ring(settings)), hunt)
        asked = await RewardStates(pool).change(
            hunt, state, actor=arguments.actor(), seqs=seqs, player=player, reason=reason
        )
    _tell(state, asked)


def _tell(state: str, asked: Sequence[Asked]) -> None:
    """Print what changed; raise `HuntError` if nothing could."""
    if wrong := [f"{each.seq} {each.wrong}" for each in asked if each.wrong is not None]:
        raise HuntError(f"no reward was changed: {'; '.join(wrong)}")
    for each in asked:
        if each.before == state:
            click.echo(f"{each.seq}: is {state} already")
        elif each.before == "sent":
            click.echo(f"{each.seq}: skipped, is sent")
        else:
            click.echo(f"{each.seq}: {each.before} -> {state}")
    if not asked:
        click.echo("no rewards")
