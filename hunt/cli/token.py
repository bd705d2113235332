"""``hunt token``: print a signed token for a player or an operator."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from hunt.cli import arguments
from hunt.core.player_ids import ERASED_PREFIX, valid_player
from hunt.core.tokens import ADMIN, OWN, PLAYER, sign
from hunt.errors import SettingsError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

#: Days of the longest validity.
MOST_DAYS = 3650


class Duration(click.ParamType[float]):
    """A duration with a unit, as seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds in a text like ``90s`` or ``1h``."""
        match = re.fullmatch(r"(\d{1,9})([smhd])", str(value), re.ASCII)
        if match is None or not int(match[1]):
            self.fail("must be a duration, as in 90s, 15m, 1h or 7d", param, ctx)
        found = float(int(match[1]) * UNITS[match[2]])
        if found > MOST_DAYS * UNITS["d"]:
            self.fail(f"must be at most {MOST_DAYS}d", param, ctx)
        return found


@click.command()
@click.option(
    "--player",
    required=True,
    help="Id of the player, or name of the operator: 1-64 of A-Z a-z 0-9 _ . : -",
)
@click.option("--admin", is_flag=True, help="Sign a token for an operator.")
@click.option(
    "--hunt",
    "hunts",
    type=arguments.HUNT_ID,
    multiple=True,
    metavar="ID",
    help="Restrict the token to this hunt; repeat it for several. The default is all hunts.",
)
@click.option(
    "--ttl",
    type=Duration(),
    default="1h",
    show_default=True,
    help="Validity, for example 90s, 15m, 1h or 7d.",
)
@arguments.options
def command(
    player: str,
    admin: bool,
    hunts: tuple[str, ...],
    ttl: float,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Print a token for a player or an operator, signed with the server's first secret."""
    if not valid_player(player):
        raise click.BadParameter("must be 1-64 of A-Z a-z 0-9 _ . : -", param_hint="--player")
    if player.startswith(ERASED_PREFIX):
        reserved = f"ids that begin with {ERASED_PREFIX} are reserved for erased players"
        raise click.BadParameter(reserved, param_hint="--player")
    settings = arguments.read(data_dir, config).settings
    secrets = arguments.secrets(settings)
    if OWN not in settings.jwt_algorithms:
        raise SettingsError(
            f"HUNT_JWT_ALGORITHMS: has no {OWN}, so the server refuses tokens of this command; "
            "get one from your issuer"
        )
    audience, now = ADMIN if admin else PLAYER, datetime.now(UTC)
    click.echo(sign(secrets, player, audience=audience, ttl=ttl, now=now, hunts=hunts or None))
