"""``hunt watch HUNT``: a player's rewards, as they come in."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click
import msgspec

from hunt.cli import common, server_address
from hunt.cli import player_options as players
from hunt.client import open_client
from hunt.values import MOST


@click.command()
@click.argument("hunt_id", metavar="HUNT", type=common.HUNT_ID)
@click.option("--sse", is_flag=True, help="Over server-sent events, not a WebSocket.")
@click.option("-n", "count", type=click.IntRange(1, MOST), help="End after so many rewards.")
@click.option("--after", metavar="EVENT-ID", help="Begin after this one, as in k3-4711.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
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
    """Watch a player's rewards in a HUNT; reconnects and resumes by itself."""
    bearer = players.bearer(token, player, data_dir, config)
    server = server_address.address(url, data_dir, config)
    transport = "sse" if sse else "socket"
    common.run(_watch, server, bearer, hunt_id, transport, after, count, as_json)


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
