"""A player on the command line: who it is, and what it got."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from hunt.cli import common
from hunt.client import Reward
from hunt.web import auth

Command = TypeVar("Command", bound=Callable[..., Any])


def options(command: Command) -> Command:
    """Add the flags that say which server, and which player."""
    for option in (
        click.option("--token", help="The player's token; else one is signed with the secret."),
        click.option("--player", default="cli", show_default=True, help="Whose token to sign."),
        click.option(
            "--url", default="http://127.0.0.1:8000", show_default=True, help="The server's."
        ),
        common.options,
    ):
        command = option(command)
    return command


def bearer(token: str | None, player: str, data_dir: Path | None, config: Path | None) -> str:
    """Return the token to use."""
    if token is not None:
        return token
    secrets = common.secrets(common.read(data_dir, config).settings)
    return auth.sign(secrets, player, ttl=86400, now=datetime.now(UTC))


def line(reward: Reward) -> str:
    """Return a reward as people read it."""
    return f"#{reward.seq}  {reward.prize or 'nothing'}  {reward.points} points"
