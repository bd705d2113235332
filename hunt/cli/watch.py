"""``hunt watch HUNT``: print a player's rewards as they arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click
import msgspec

from hunt.cli import arguments, running, server_address
from hunt.cli import player_options as players
from hunt.client import open_client
from hunt.values import MOST


@click.command(
    epilog=arguments.examples(
        "hunt watch harbour",
        "hunt watch harbour --sse --json -n 3",
        "hunt watch harbour --after k3-4711",
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.option("--sse", is_flag=True, help="Use server-sent events instead of a WebSocket.")
@click.option(
    "-n", "count", type=click.IntRange(1, MOST), help="Exit after this number of rewards."
)
@click.option(
    "--after", metavar="EVENT-ID", help="Resume after this event id, for example k3-4711."
)
@arguments.json_option
@players.options
def command(
    hunt_id: str,
    sse: bool,
    count: int | None,
    after: str | None,
    as_json: bool,
    token: str | None,
    player: str,
    url: str | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Print a player's rewards in a HUNT as they arrive; reconnect and resume when needed."""
    bearer = players.bearer(token, player, data_dir, config)
    server = server_address.address(url, data_dir, config)
    transport = "sse" if sse else "socket"
    running.run(_watch, server, bearer, hunt_id, transport, after, count, as_json)


async def _watch(
    url: str,
    token: str,
    hunt_id: str,
    transport: Literal["socket", "sse"],
    after: str | None,
    count: int | None,
    as_json: bool,
) -> None:
    async with (
        open_client(url, token, wait=False) as client,
        client.rewards(hunt_id, after=after, transport=transport, notice=players.notice) as rewards,
    ):
        async for reward in rewards:
            click.echo(msgspec.json.encode(reward) if as_json else players.line(reward))
            if count is not None and (count := count - 1) == 0:
                return
    click.echo("the hunt is over", err=True)
