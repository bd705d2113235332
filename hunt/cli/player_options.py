"""The player of a command: options, token, and printed rewards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from hunt.cli import arguments, server_address
from hunt.client import Reward
from hunt.core.tokens import sign
from hunt.plurals import plural

Command = TypeVar("Command", bound=Callable[..., Any])


def options(command: Command) -> Command:
    """Add the options that select the server and the player."""
    for option in (
        click.option(
            "--token",
            help="Token of the player; by default one is signed with the server's secret.",
        ),
        click.option(
            "--player",
            type=arguments.PLAYER_ID,
            default="cli",
            show_default=True,
            help="Id of the player to sign a token for.",
        ),
        server_address.option,
        arguments.options,
    ):
        command = option(command)
    return command


def bearer(token: str | None, player: str, data_dir: Path | None, config: Path | None) -> str:
    """Return the given token, or sign one for the player."""
    if token is not None:
        if not re.fullmatch(r"[!-~]+", token := token.strip()):
            raise click.BadParameter("must be a token, without spaces", param_hint="--token")
        return token
    secrets = arguments.secrets(arguments.read(data_dir, config).settings)
    return sign(secrets, player, ttl=86400, now=datetime.now(UTC))


def notice(kind: str, what: dict[str, Any]) -> None:
    """Print a message that is not a reward, or a retry, to standard error."""
    if kind == "lost":
        pause = what["retry_after"]
        click.echo(f"trying again in {pause:.1f} s: {' '.join(what['reason'].split())}", err=True)
    else:
        click.echo(f"{kind}: {json.dumps(what)}", err=True)


def line(reward: Reward) -> str:
    """Return a reward as a line for people."""
    code = "" if reward.code is None else f"  code {reward.code}"
    return f"#{reward.seq}  {reward.prize or 'nothing'}  {plural(reward.points, 'point')}{code}"
