"""``hunt simulate FILE``: simulate a hunt file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec

from hunt.bench.progress import ProgressLine
from hunt.cli import arguments, simulate_replay, simulation_text
from hunt.cli.simulate_options import Cost, CrowdShares, Curve, Stock
from hunt.core import campaign_file, hunt_file
from hunt.core.arrivals import Habits
from hunt.core.campaign import MAX_DOORS
from hunt.core.definition import Definition
from hunt.core.expected_value import grid, worth
from hunt.core.fairness import new_seed
from hunt.core.simulation import SPREAD, Played, Scenario, play
from hunt.core.simulation_summary import Summary, summarise
from hunt.errors import HuntError
from hunt.plurals import plural
from hunt.values import MOST

#: Largest number of runs: quantiles need no more.
MOST_RUNS = 1000


@click.command(
    epilog=arguments.examples(
        "hunt simulate river.toml",
        "hunt simulate river.toml --clicks 50000 --players 20 --json",
        "hunt simulate river.toml --players 5000 --runs 20 --html river.html",
        "hunt simulate advent/ --door 24 --players 5000",
        "hunt simulate river.toml --crowd uniform=0.9,bots=0.1 --visit 10 --pause 3",
        "hunt simulate --replay river.jsonl.gz --release even --html replay.html",
    )
)
@click.argument("file", type=click.Path(path_type=Path, exists=True), required=False)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Bundle of a finished hunt: its clicks, as played and under the rules of FILE; without "
    "FILE under its own, with --stock and --release.",
)
@click.option(
    "--release",
    type=click.Choice(["even"]),
    help="With --replay: release the stock of each drawn prize at an even rate.",
)
@click.option(
    "--door",
    type=click.IntRange(1, MAX_DOORS),
    help="Number of the door to simulate, where FILE is a campaign's file or folder.",
)
@click.option(
    "--stock",
    "stocks",
    type=Stock(),
    multiple=True,
    help="Stock of a prize, as in voucher=500, in place of the file's; needed for a prize with "
    "codes. Repeat it for several prizes.",
)
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
@click.option(
    "--crowd",
    type=CrowdShares(),
    default="uniform=1",
    show_default=True,
    help="Where players click: relative shares of uniform, hints and bots, as in "
    "uniform=0.7,hints=0.25,bots=0.05.",
)
@click.option(
    "--spread",
    type=arguments.Number(min=0, max=1),
    default=SPREAD,
    show_default=True,
    help="Standard deviation around hints, as a share of the map's width and height.",
)
@click.option(
    "--returns",
    type=arguments.Number(min=0, max=1),
    default=1.0,
    show_default=True,
    help="Share of the players who take part in each hour; in each day of a hunt over 48 hours.",
)
@click.option(
    "--visit",
    type=click.IntRange(1, MOST),
    default=1,
    show_default=True,
    help="Clicks in a row of one player.",
)
@click.option(
    "--pause",
    type=arguments.Number(min=0),
    default=1.0,
    show_default=True,
    help="Seconds between the clicks of a visit; the cooldown, if that is longer.",
)
@click.option("--impatient", is_flag=True, help="Players do not wait for the cooldown.")
@click.option(
    "--value",
    "costs",
    type=Cost(),
    multiple=True,
    help="Cost of one unit of a prize, as in voucher=20; repeat it for several prizes.",
)
@click.option(
    "--by",
    type=click.Choice(["hour", "day"]),
    help="Report the grants by hour or by day. Default: by hour, up to 48 hours.",
)
@click.option(
    "--runs",
    type=click.IntRange(1, MOST_RUNS),
    default=1,
    show_default=True,
    help="Number of simulations, for quantiles.",
)
@click.option("--seed", type=int, help="Seed of an earlier run, to repeat it; random by default.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with the map of expected values and plots; it shows secret positions.",
)
@arguments.json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path | None,
    replay: Path | None,
    release: str | None,
    door: int | None,
    stocks: tuple[tuple[str, int], ...],
    clicks: int,
    players: int,
    runs: int,
    seed: int | None,
    html: Path | None,
    as_json: bool,
    costs: tuple[tuple[str, float], ...],
    **options: Any,  # ruff: ignore[any-type]
) -> None:
    """Simulate a hunt FILE with random clicks, and print how often each prize is won.

    Draws and grants are decided by the same code as on the server.
    """
    if replay is not None:
        simulate_replay.check_options(context)
        rules = None if file is None else _definition(file, door)
        simulate_replay.run(
            replay, rules, stocks=dict(stocks), even=release == "even", html=html, as_json=as_json
        )
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE'.")
    if release is not None:
        raise click.UsageError("--release needs --replay; a hunt file has a release of its own")
    definition = _stocked(_definition(file, door), stocks)
    scenario = Scenario(
        clicks=clicks,
        players=players,
        habits=Habits(**{name: options[name] for name in Habits.__struct_fields__}),
        crowd=options["crowd"],
        spread=options["spread"],
        costs=_costs(definition, costs),
        by=options["by"],
    )
    number = random.SystemRandom().getrandbits(32) if seed is None else seed
    played = _play(definition, scenario, number, runs)
    summary = summarise(definition, played, players)
    if html is not None:
        _write(html, definition, scenario, summary, number)
    if as_json:
        click.echo(json.dumps(_as_json(definition, scenario, played, summary, number)))
        return
    measure, _ = worth(definition, scenario.costs)
    for line in simulation_text.lines(summary, measure, costs=bool(scenario.costs)):
        click.echo(line)
    click.echo(
        f"{plural(clicks, 'click')} of {plural(players, 'player')}; "
        f"repeat this run with --seed {number}"
    )


def _definition(file: Path, door: int | None) -> Definition:
    """Read a hunt file, or a door of a campaign's file."""
    file = file / campaign_file.FILE if file.is_dir() else file
    text = arguments.text(file)
    if not campaign_file.is_campaign(text):
        if door is not None:
            raise click.BadParameter("the file has no campaign", param_hint="--door")
        return hunt_file.parse(text)
    doors = {each.number: each.definition for each in campaign_file.parse_campaign(text).doors}
    if door not in doors:
        wrong = f"give the number of a door of the campaign: 1 to {max(doors)}"
        raise click.BadParameter(wrong, param_hint="--door")
    return doors[door]


def _stocked(definition: Definition, stocks: tuple[tuple[str, int], ...]) -> Definition:
    """Return the hunt with other stocks; those of prizes with codes must be among them."""
    given = dict(stocks)
    _known(definition, given, "--stock")
    prizes = []
    for prize in definition.prizes:
        if prize.codes and prize.id not in given:
            wrong = f"prize {prize.id} has codes: give their number with --stock {prize.id}=NUMBER"
            raise click.UsageError(wrong)
        stock = given.get(prize.id, prize.stock)
        prizes.append(replace(prize, stock=stock, codes=False))
    return replace(definition, prizes=tuple(prizes))


def _known(definition: Definition, prizes: Iterable[str], option: str) -> None:
    known = {each.id for each in definition.prizes}
    for prize in prizes:
        if prize not in known:
            raise click.BadParameter(f"the hunt has no prize {prize!r}", param_hint=option)


def _costs(definition: Definition, costs: tuple[tuple[str, float], ...]) -> dict[str, float]:
    _known(definition, dict(costs), "--value")
    return dict(costs)


def _play(definition: Definition, scenario: Scenario, seed: int, runs: int) -> list[Played]:
    source, found, line = random.Random(seed), [], ProgressLine("simulation")
    try:
        for run in range(runs):
            line.say(f"run {run + 1} of {runs}")
            drawn = new_seed(source.randbytes)
            found.append(play(definition, scenario, seed=drawn, uniform=source.random))
    finally:
        line.clear()
    return found


def _as_json(
    definition: Definition,
    scenario: Scenario,
    played: list[Played],
    summary: Summary,
    seed: int,
) -> dict[str, object]:
    """Return the first run, and the summary of all."""
    first = played[0]
    measure, values = worth(definition, scenario.costs)
    chances = {prize.id: first.chance(prize.id) for prize in definition.prizes}
    best = grid(definition, values)
    shown: dict[str, object] = msgspec.to_builtins(first)
    return shown | {
        "seed": seed,
        "winners": first.players.winners,
        "chance": msgspec.to_builtins(chances),
        "best": {"measure": measure, "expected": best.highest, "at": best.best},
        "summary": msgspec.to_builtins(summary),
    }


def _write(
    html: Path, definition: Definition, scenario: Scenario, summary: Summary, seed: int
) -> None:
    from hunt.reports.simulation_page import Report, page

    report = Report(definition=definition, scenario=scenario, summary=summary, seed=seed)
    try:
        html.write_text(page(report), "utf-8")
    except OSError as exc:
        raise HuntError(f"{html}: cannot be written ({exc.strerror})") from None
