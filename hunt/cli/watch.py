"""``hunt watch HUNT``: a player's rewards, as they come in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click
import httpx
import trio

from hunt.cli import common
from hunt.cli import player as players
from hunt.core.sse import Event, Parser
from hunt.errors import HuntError

#: Seconds without a byte, after which the stream counts as dead: 2.5 heartbeats.
SILENCE = 37.5


@click.command()
@click.argument("hunt_id", metavar="HUNT")
@click.option("--sse", is_flag=True, help="Over server-sent events; the only way for now.")
@click.option("-n", "count", type=click.IntRange(1), help="End after so many rewards.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@players.options
def command(
    hunt_id: str,
    sse: bool,
    count: int | None,
    as_json: bool,
    token: str | None,
    player: str,
    url: str,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Watch a player's rewards in a HUNT; reconnects and resumes by itself."""
    bearer = players.bearer(token, player, data_dir, config)
    watch = Watch(hunt_id, as_json, count)
    try:
        common.run(watch.run, url, bearer)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


@dataclass
class Watch:
    """Where a watcher stands in the stream."""

    hunt_id: str
    as_json: bool
    left: int | None  #: rewards until it ends; None is never
    last_id: str | None = None
    retry: float = 2.0  #: seconds, as the server said last

    async def run(self, url: str, token: str) -> None:
        """Read streams, one after the other, until enough rewards came."""
        backoff = players.backoff()
        async with players.client(url, token) as client:
            while self.left != 0:
                try:
                    if not await self._read(client):
                        return
                    backoff.reset()
                except httpx.TransportError as exc:
                    click.echo(f"reconnecting: {exc or type(exc).__name__}", err=True)
                if self.left != 0:
                    await trio.sleep(backoff.next() + self.retry)

    async def _read(self, client: httpx.AsyncClient) -> bool:
        """Read one stream to its end; return whether another one may follow."""
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        parser = Parser()
        timeout = httpx.Timeout(10, read=SILENCE)
        path = f"/v1/hunts/{self.hunt_id}/events"
        async with client.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.status_code == 204:
                click.echo("the hunt is over", err=True)
                return False
            if response.status_code != 200:
                await response.aread()
                raise HuntError(f"{response.status_code}: {response.text}")
            async for chunk in response.aiter_raw():
                for event in parser.feed(chunk):
                    self._show(event)
                    if self.left == 0:
                        return False
        return True

    def _show(self, event: Event) -> None:
        self.last_id = event.id or self.last_id
        if event.retry is not None:
            self.retry = event.retry / 1000
        if event.event == "reward":
            reward = json.loads(event.data)
            prize = reward["prize"] or "nothing"
            text = f"#{reward['seq']}  {prize}  {reward['points']} points"
            click.echo(event.data if self.as_json else text)
            if self.left is not None:
                self.left -= 1
        elif event.event:
            click.echo(f"{event.event}: {event.data}", err=True)
