"""A player on the command line: who it is, and how it tries again."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx

from hunt.cli import common
from hunt.core.backoff import Backoff
from hunt.web import auth

Command = TypeVar("Command", bound=Callable[..., Any])

#: Statuses after which the same request may be sent again.
AGAIN = frozenset({429, 503, 504})


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


@asynccontextmanager
async def client(url: str, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that speaks for the player."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as opened:
        yield opened


def backoff() -> Backoff:
    """Return the pauses between attempts."""
    return Backoff(base=0.5, cap=10.0, jitter=random.random)
