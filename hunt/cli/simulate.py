"""``hunt simulate FILE``: simulate a hunt file."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path

import click
import msgspec

from hunt.cli import arguments
from hunt.core.definition import Definition
from hunt.core.fairness import new_seed
from hunt.core.simulation import Played, play
from hunt.values import MOST

#: Characters of the longest bar.
BAR = 40


class Curve(click.ParamType[tuple[float, ...]]):
    """Numbers that are not negative, and not all 0."""

    name = "rates"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers in a text like ``1,4,9``."""
        try:
            rates = tuple(float(each) for each in str(value).split(","))
        except ValueError:
            rates = ()
        if not (0 < sum(rates) < MOST) or min(rates) < 0:
            self.fail("must be numbers, at least 0 and not all 0, as in 1,4,9,2", param, ctx)
        return rates


@click.command(
    epilog=arguments.examples(
        "hunt simulate river.toml", "hunt simulate river.toml --clicks 50000 --players 20 --json"
    )
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--clicks",
    type=click.IntRange(1, MOST),
    default=1_000_000,
    show_default=True,
    help="Number of clicks.",
)
@click.option(
    "--players",
    type=click.IntRange(1, MOST),
    default=1000,
    show_default=True,
    help="Number of players who share the clicks.",
)
@click.option(
    "--curve",
    type=Curve(),
    default="1",
    show_default=True,
    help="Relative rates of clicks in equal parts of the hunt's time, as in 1,4,9,2.",
)
@click.option("--seed", type=int, help="Seed of an earlier run, to repeat it; random by default.")
@arguments.json_option
def command(
    file: Path,
    clicks: int,
    players: int,
    curve: tuple[float, ...],
    seed: int | None,
    as_json: bool,
) -> None:
    """Simulate a hunt FILE with random clicks, and print how often each prize is won.

    The draws use the same code as the server.
    """
    definition = arguments.definition(file)
    number = random.SystemRandom().getrandbits(32) if seed is None else seed
    source = random.Random(number)
    played = play(
        definition,
        clicks=clicks,
        players=players,
        seed=new_seed(source.randbytes),
        uniform=source.random,
        curve=curve,
    )
    if as_json:
        chances = {prize.id: played.chance(prize.id) for prize in definition.prizes}
        shown = msgspec.to_builtins(played) | {
            "seed": number,
            "chance": msgspec.to_builtins(chances),
        }
        click.echo(json.dumps(shown))
        return
    for line in (*_lines(definition, played), *_plan(played)):
        click.echo(line)
    click.echo(f"{played.winners / players:.2%} of the players win something")
    click.echo(f"{clicks} clicks of {players} players; repeat this run with --seed {number}")


def _lines(definition: Definition, played: Played) -> list[str]:
    """Return a line for each prize, with a bar, and one with the points of a click."""
    width = max((len(prize.id) for prize in definition.prizes), default=0)
    most = max(played.drawn.values(), default=0) or 1
    lines = []
    for prize in definition.prizes:
        drawn, granted = played.drawn[prize.id], played.granted[prize.id]
        chance = played.chance(prize.id)
        bar = "█" * round(BAR * granted / most) + "░" * round(BAR * (drawn - granted) / most)
        lines.append(
            f"{prize.id:<{width}}  {drawn:>9} drawn  {granted:>9} granted  "
            f"{chance.estimate:8.4%} ({chance.low:.4%} to {chance.high:.4%})  {bar}"
        )
    points = played.points
    lines.append(
        f"a click wins {points.estimate:.4f} points on average "
        f"({points.low:.4f} to {points.high:.4f}, 95 % confidence)"
    )
    return lines


def _plan(played: Played) -> list[str]:
    """Return a line for each slice of time, if a prize has a release plan, and for each stock."""
    lines = [
        f"{prize} sold out after {timedelta(seconds=round(seconds))}"
        for prize, seconds in played.sold_out.items()
    ]
    planned = played.slices[-1].planned
    if planned:
        lines.append("granted of released, up to each time:")
    for each in played.slices if planned else ():
        counts = "  ".join(f"{name} {each.granted[name]}/{each.planned[name]}" for name in planned)
        lines.append(f"{each.until:%Y-%m-%d %H:%M}  {each.clicks:>9} clicks  {counts}")
    return lines
