"""``hunt ban``: stop a player, or a network, from playing."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core.bans import MAX_REASON, Ban, names_player, parse_network
from hunt.settings import Settings
from hunt.store.bans import NewBan, StoredBans


class NetworkText(click.ParamType[str]):
    """An address or a network."""

    name = "network"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the network as it is stored."""
        try:
            return parse_network(str(value))
        except ValueError:
            self.fail("must be an address or a network, as in 203.0.113.0/24", param, ctx)


@click.command(
    epilog=arguments.examples(
        'hunt ban ada --reason "ten clicks a second for an hour"',
        "hunt ban ada --hunt harbour --for 7d",
        'hunt ban ada --void --reason "position faked"',
        "hunt ban --network 203.0.113.0/24 --for 12h",
    )
)
@click.argument("player", required=False, type=arguments.PLAYER_ID)
@click.option("--network", type=NetworkText(), help="Network or address, instead of a player.")
@click.option("--hunt", "hunt_id", type=arguments.HUNT_ID, help="Hunt; default: all hunts.")
@click.option(
    "--for", "seconds", type=arguments.Duration(), help="Duration, as in 12h; default: no end."
)
@click.option("--reason", default="", help="Text for operators; players do not see it.")
@click.option("--void", is_flag=True, help="Also void the rewards of the player that are not sent.")
@arguments.options
def command(
    player: str | None,
    network: str | None,
    hunt_id: str | None,
    seconds: float | None,
    reason: str,
    void: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Ban a player, or a network: every node refuses its clicks and ends its streams."""
    if (player is None) == (network is None):
        raise click.UsageError("give either a player or --network")
    if void and player is None:
        raise click.UsageError("--void needs a player")
    if len(reason) > MAX_REASON:
        raise click.UsageError(f"--reason: must have at most {MAX_REASON} characters")
    if player is not None and names_player(reason, player):
        raise click.UsageError("--reason: must not contain the player's id")
    new = NewBan(player=player, network=network, hunt=hunt_id, reason=reason, seconds=seconds)
    ban, voided = running.run(_ban, arguments.read(data_dir, config).settings, new, void)
    until = "" if ban.until is None else f" until {ban.until:%Y-%m-%d %H:%M:%S %Z}"
    where = "all hunts" if ban.hunt is None else f"hunt {ban.hunt}"
    click.echo(f"{ban.player or ban.network} is banned from {where}{until} (ban {ban.id})")
    if void:
        click.echo(f"rewards voided: {voided}")


async def _ban(settings: Settings, new: NewBan, void: bool) -> tuple[Ban, int]:
    async with running.pool(settings) as pool:
        bans, actor = StoredBans(pool), arguments.actor()
        ban = await bans.add(new, actor=actor)
        return ban, await bans.void(new, actor=actor) if void else 0
