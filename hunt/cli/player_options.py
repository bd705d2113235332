"""A player on the command line: who it is, and what it got."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from hunt.cli import common, server_address
from hunt.client import Reward
from hunt.core.player_ids import valid_player
from hunt.core.tokens import sign

Command = TypeVar("Command", bound=Callable[..., Any])


def options(command: Command) -> Command:
    """Add the flags that say which server, and which player."""
    for option in (
        click.option("--token", help="The player's token; else one is signed with the secret."),
        click.option("--player", default="cli", show_default=True, help="Whose token to sign."),
        server_address.option,
        common.options,
    ):
        command = option(command)
    return command


def bearer(token: str | None, player: str, data_dir: Path | None, config: Path | None) -> str:
    """Return the token to use."""
    if token is not None:
        if not re.fullmatch(r"[!-~]+", token := token.strip()):
            raise click.BadParameter("must be a token, in one word", param_hint="--token")
        return token
    if not valid_player(player):
        raise click.BadParameter("must be 1-64 of A-Z a-z 0-9 _ . : -", param_hint="--player")
    secrets = common.secrets(common.read(data_dir, config).settings)
    return sign(secrets, player, ttl=86400, now=datetime.now(UTC))


def notice(kind: str, what: dict[str, Any]) -> None:
    """Tell on standard error what is no reward, and that something is tried again."""
    if kind == "lost":
        pause = what["retry_after"]
        click.echo(f"trying again in {pause:.1f} s: {' '.join(what['reason'].split())}", err=True)
    else:
        click.echo(f"{kind}: {json.dumps(what)}", err=True)


def line(reward: Reward) -> str:
    """Return a reward as people read it."""
    return f"#{reward.seq}  {reward.prize or 'nothing'}  {reward.points} points"
