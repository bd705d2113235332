"""``hunt token``: print a signed token for a player or an operator, or check a token."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core.keys import Key, from_jwks
from hunt.core.player_ids import ERASED_PREFIX
from hunt.core.tokens import ADMIN, OWN, PLAYER, ROLES, Role, Use, sign
from hunt.errors import HuntError, KeysError, SettingsError
from hunt.plurals import plural
from hunt.service import jwks
from hunt.service.keyring import open_tokens
from hunt.settings import Settings

_MOST = 1 << 16  # maximum number of bytes to read from standard input


@click.command(
    epilog=arguments.examples(
        "hunt token --player ada",
        "hunt token --player ada --hunt harbour --ttl 7d",
        "hunt token --player eve --admin --ttl 15m",
        "hunt token --player sam --admin --role support --role fulfilment",
        'hunt token --check "$TOKEN"',
        "hunt token --check - --admin < token.txt",
    )
)
@click.option(
    "--player",
    type=arguments.PLAYER_ID,
    help="Id of the player, or name of the operator: 1 to 64 of A-Z, a-z, 0-9, _ . : and -",
)
@click.option("--admin", is_flag=True, help="Sign or check a token of an operator.")
@click.option(
    "--hunt",
    "hunts",
    type=arguments.HUNT_ID,
    multiple=True,
    metavar="ID",
    help="Restrict the token to this hunt; repeat it for several. The default is all hunts. "
    "With --check: the token must be valid for it.",
)
@click.option(
    "--role",
    "roles",
    type=click.Choice(ROLES),
    multiple=True,
    help="Restrict the token of an operator to this role; repeat it for several. The default is "
    "all roles.",
)
@click.option(
    "--ttl",
    type=arguments.Duration(),
    default="1h",
    show_default=True,
    help="Validity, for example 90s, 15m, 1h or 7d.",
)
@click.option(
    "--check",
    "checked",
    metavar="TOKEN",
    help="Say whether a server with these settings accepts the token, and if not, why; "
    "- reads it from standard input.",
)
@arguments.options
def command(
    player: str | None,
    admin: bool,
    hunts: tuple[str, ...],
    roles: tuple[Role, ...],
    ttl: float,
    checked: str | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Print a token for a player or an operator, signed with the server's first secret.

    With --check: exit status 0 if the token is valid, and 1 if not.
    """
    if roles and not admin:
        raise click.UsageError("--role is for tokens of operators: add --admin")
    if (checked is None) == (player is None):
        raise click.UsageError("give either --player or --check")
    if checked is not None:
        text = sys.stdin.buffer.read(_MOST).decode(errors="replace") if checked == "-" else checked
        settings = arguments.read(data_dir, config).settings
        click.echo(_check(settings, text.strip(), "admin" if admin else "bearer", hunts))
        return
    assert player is not None
    if player.startswith(ERASED_PREFIX):
        reserved = f"ids that begin with {ERASED_PREFIX} are reserved for erased players"
        raise click.BadParameter(reserved, param_hint="--player")
    settings = arguments.read(data_dir, config).settings
    secrets = arguments.secrets(settings)
    if OWN not in settings.jwt_algorithms:
        raise SettingsError(
            f"HUNT_JWT_ALGORITHMS: has no {OWN}, so the server refuses tokens of this command; "
            "get a token from your issuer"
        )
    audience, now = ADMIN if admin else PLAYER, datetime.now(UTC)
    click.echo(
        sign(
            secrets,
            player,
            audience=audience,
            ttl=ttl,
            now=now,
            hunts=hunts or None,
            roles=roles or None,
        )
    )


def _check(settings: Settings, text: str, use: Use, hunts: Collection[str]) -> str:
    """Return a sentence about a valid token.

    Raises:
        HuntError: The token is refused, and why; or the issuer's keys cannot be fetched.
    """
    settings = replace(settings, jwt_secret=arguments.secrets(settings))
    verifier = open_tokens(settings, clock=time.time)
    if settings.jwks_url is not None:
        verifier.replace_keys(running.run(_issuer_keys, settings.jwks_url))
    reason = verifier.refusal(text, use)
    if reason is not None:
        raise HuntError(f"token: refused: {reason}")
    found = verifier.verify(text, use)
    denied = [] if found.hunts is None else [each for each in hunts if each not in found.hunts]
    if denied:
        raise HuntError(f"token: refused: claim 'hunts' does not have {', '.join(denied)}")
    role = "player" if use != "admin" else " and ".join(sorted(found.roles or ("operator",)))
    scope = "all hunts" if found.hunts is None else plural(len(found.hunts), "hunt")
    left = found.until - time.time()
    return f"valid: {role} {found.player}, {scope}, expires in {left:.0f} s"


async def _issuer_keys(url: str) -> list[Key]:
    import httpx  # a megabyte of memory

    try:
        async with httpx.AsyncClient() as client:
            return from_jwks(await jwks.fetch(client, url))
    except KeysError as exc:
        raise HuntError(f"HUNT_JWKS_URL: the keys cannot be fetched ({exc})") from None
