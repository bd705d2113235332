"""``hunt click HUNT``: clicks, and keeps each click's id through its retries."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

import click
import httpx
import trio

from hunt.cli import common
from hunt.cli import player as players
from hunt.errors import HuntError

#: Times that one click is sent.
ATTEMPTS = 8


@click.command()
@click.argument("hunt_id", metavar="HUNT")
@click.option("--x", type=float, help="Map units; anywhere otherwise.")
@click.option("--y", type=float, help="Map units; anywhere otherwise.")
@click.option("-n", "count", type=click.IntRange(1), default=1, help="How many clicks.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@players.options
def command(
    hunt_id: str,
    x: float | None,
    y: float | None,
    count: int,
    as_json: bool,
    token: str | None,
    player: str,
    url: str,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Click in a HUNT, and print what became of it."""
    bearer = players.bearer(token, player, data_dir, config)
    common.run(_click, url, bearer, hunt_id, (x, y), count, as_json)


async def _click(
    url: str,
    token: str,
    hunt_id: str,
    place: tuple[float | None, float | None],
    count: int,
    as_json: bool,
) -> None:
    async with players.client(url, token) as client:
        shown = await _send(client, "GET", f"/v1/hunts/{hunt_id}")
        size = shown["map"]
        for _ in range(count):
            body = {
                "id": str(uuid.uuid4()),
                "x": random.uniform(0, size["width"]) if place[0] is None else place[0],
                "y": random.uniform(0, size["height"]) if place[1] is None else place[1],
            }
            answer = await _send(client, "POST", f"/v1/hunts/{hunt_id}/clicks", body)
            if as_json:
                click.echo(json.dumps(answer))
            else:
                prize = answer["prize"] or "nothing"
                click.echo(f"#{answer['seq']}  {prize}  {answer['points']} points")


async def _send(
    client: httpx.AsyncClient, method: str, path: str, body: object = None
) -> dict[str, Any]:
    """Return the answer's JSON; tries again where that is safe, with the same body."""
    backoff = players.backoff()
    problem = "no answer"
    for _ in range(ATTEMPTS):
        pause = backoff.next()
        try:
            response = await client.request(method, path, json=body)
        except httpx.TransportError as exc:
            problem = f"{client.base_url} does not answer: {exc}"
        else:
            if response.is_success:
                answer: dict[str, Any] = response.json()
                return answer
            problem = _detail(response)
            if response.status_code not in players.AGAIN:
                raise HuntError(problem)
            pause += float(response.headers.get("Retry-After", 0))
        await trio.sleep(pause)
    raise HuntError(f"gave up after {ATTEMPTS} attempts: {problem}")


def _detail(response: httpx.Response) -> str:
    try:
        said = response.json()
        return f"{response.status_code}: {said['detail']} {said.get('errors', '')}".rstrip()
    except (ValueError, KeyError):
        return f"{response.status_code}: {response.reason_phrase}"
