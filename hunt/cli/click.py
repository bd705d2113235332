"""``hunt click HUNT``: click as a player."""

from __future__ import annotations

import random
from pathlib import Path

import click
import msgspec

from hunt.cli import arguments, running, server_address
from hunt.cli import player_options as players
from hunt.client import Answer, open_client
from hunt.core import map_form
from hunt.values import MOST


@click.command(
    epilog=arguments.examples(
        "hunt click harbour",
        "hunt click harbour --x 12.5 --y 3 -n 10",
        'hunt click harbour --url https://hunt.example --token "$TOKEN"',
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.option(
    "--x",
    type=arguments.Coordinate(),
    help="Map units, or degrees of longitude; random by default.",
)
@click.option(
    "--y",
    type=arguments.Coordinate(),
    help="Map units, or degrees of latitude; random by default.",
)
@click.option(
    "--accuracy",
    type=arguments.Coordinate(),
    help="Radius of error of the position, in metres or map units.",
)
@click.option("-n", "count", type=click.IntRange(1, MOST), default=1, help="Number of clicks.")
@arguments.json_option
@players.options
def command(
    hunt_id: str,
    x: float | None,
    y: float | None,
    accuracy: float | None,
    count: int,
    as_json: bool,
    token: str | None,
    player: str,
    url: str | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Click in a HUNT, and print the outcome."""
    bearer = players.bearer(token, player, data_dir, config)
    server = server_address.address(url, data_dir, config)
    running.run(_click, server, bearer, hunt_id, (x, y), accuracy, count, as_json)


async def _click(
    url: str,
    token: str,
    hunt_id: str,
    position: tuple[float | None, float | None],
    accuracy: float | None,
    count: int,
    as_json: bool,
) -> None:
    async with open_client(url, token, wait=False) as client:
        on = map_form.from_json((await client.hunt(hunt_id, notice=players.notice))["map"])
        for _ in range(count):
            anywhere = on.at(random.random(), random.random())
            x, y = (
                each if chosen is None else chosen
                for chosen, each in zip(position, anywhere, strict=True)
            )
            answer = await client.click(hunt_id, x, y, accuracy=accuracy, notice=players.notice)
            click.echo(msgspec.json.encode(answer) if as_json else _line(answer))


def _line(answer: Answer) -> str:
    again = ", settled before" if answer.duplicate else ""
    return f"{players.line(answer)}{again}"
