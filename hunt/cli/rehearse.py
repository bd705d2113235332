"""``hunt rehearse FILE``: play a hunt file against the running server, and say go or no-go."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec import to_builtins

from hunt.bench.players import Player, signed
from hunt.cli import arguments, bench_options, running, server_address
from hunt.core.addresses import network
from hunt.core.campaign_file import FILE, is_campaign, parse_campaign
from hunt.core.definition import Definition
from hunt.core.hunt_file import parse
from hunt.core.tokens import sign
from hunt.core.webhook_target import check_url
from hunt.errors import HuntError, SettingsError
from hunt.rehearsal import rehearsal
from hunt.rehearsal.rehearsal import Plan
from hunt.rehearsal.report import Check, Limits, Played, Report, report
from hunt.settings import Settings
from hunt.testing.checks import report as shown

#: Violations that are printed in full.
MOST = 5


@click.command(
    epilog=arguments.examples(
        "hunt rehearse live-show.toml --players 500 --rate 200",
        "hunt rehearse live-show.toml --speed 1 --for 600 --webhook",
        "hunt rehearse examples/advent --door 6 --url http://10.0.0.5:8000",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--players", "count", type=click.IntRange(1, 100_000), default=200, show_default=True,
    help="Number of players, each with an event stream.",
)  # fmt: skip
@click.option(
    "--rate", type=arguments.Number(min=0, min_open=True), default=100.0, show_default=True,
    help="Clicks a second, all players together.",
)  # fmt: skip
@click.option(
    "--for", "seconds", type=arguments.Number(min=1, max=86400), default=60.0, show_default=True,
    help="Seconds to play.",
)  # fmt: skip
@click.option(
    "--speed", type=arguments.Number(min=0, min_open=True),
    help="How many times as fast as in the file the hunt runs; default: all of it fits.",
)  # fmt: skip
@click.option("--door", type=click.IntRange(1, 100), default=1, help="Door of a campaign.")
@click.option("--webhook", is_flag=True, help="Also receive webhooks, on the loopback address.")
@click.option(
    "--answer-p99", type=arguments.Number(min=0), default=250.0, show_default=True,
    help="Limit of the 99th percentile of answers, in milliseconds.",
)  # fmt: skip
@click.option(
    "--event-p99", type=arguments.Number(min=0), default=500.0, show_default=True,
    help="Limit of the 99th percentile of events, in milliseconds.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Do not delete the test hunt afterwards.")
@server_address.option
@arguments.json_option
@arguments.options
def command(
    file: Path,
    count: int,
    rate: float,
    seconds: float,
    speed: float | None,
    door: int,
    webhook: bool,
    answer_p99: float,
    event_p99: float,
    keep: bool,
    url: str | None,
    as_json: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Play a test hunt from FILE with simulated players on the running server.

    Prints the checks, and go or no-go; the exit status is 0 or 1. The test hunt is deleted
    afterwards.
    """
    settings = arguments.read(data_dir, config).settings
    plan = Plan(
        definition=_definition(file, door), seconds=seconds, rate=rate, pace=speed,
        webhook=webhook, keep=keep,
    )  # fmt: skip
    if webhook:
        _check_loopback(settings)
    address = server_address.address(url, data_dir, config)
    bench_options.more_files()
    played = running.run(_rehearse, settings, plan, address, count)
    limits = Limits(answer_p99=answer_p99 / 1000, event_p99=event_p99 / 1000)
    _show(report(played, limits), as_json=as_json)


async def _rehearse(settings: Settings, plan: Plan, address: str, count: int) -> Played:
    async with running.pool(settings) as pool:
        return await rehearsal.rehearse(
            plan,
            address,
            _players(settings, count),
            pool=pool,
            ring=arguments.key_ring(settings),
            say=lambda text: click.echo(text, err=True),
        )


def _players(settings: Settings, count: int) -> list[Player]:
    secrets, now = arguments.secrets(settings), datetime.now(UTC)
    return signed(lambda name: sign(secrets, name, ttl=2 * 86400, now=now))(count)


def _definition(file: Path, door: int) -> Definition:
    """Return the hunt of a file, or a door of a campaign."""
    text = arguments.text(file / FILE if file.is_dir() else file)
    if not is_campaign(text):
        return parse(text)
    doors = {each.number: each.definition for each in parse_campaign(text).doors}
    if door not in doors:
        raise HuntError(f"{file}: has no door {door}; give another --door")
    return doors[door]


def _check_loopback(settings: Settings) -> None:
    """Raise `SettingsError` unless the server may send webhooks to this machine."""
    allow = tuple(network(each) for each in settings.webhook_allow)
    if check_url("http://127.0.0.1:9/", allow) is not None:
        raise SettingsError(
            "HUNT_WEBHOOK_ALLOW: lacks 127.0.0.1/32; set it here and on the server for --webhook"
        )


def _show(found: Report, *, as_json: bool) -> None:
    """Print a report, and exit with 1 if it is no-go."""
    if as_json:
        checks = to_builtins(found.checks)
        violations = [str(each) for each in found.violations[:MOST]]
        click.echo(json.dumps({"go": found.go, "checks": checks, "violations": violations}))
    else:
        rows = [(each.name, each.found, each.limit, _mark(each)) for each in found.checks]
        arguments.echo_table([("check", "found", "limit", ""), *rows])
        if found.violations:
            click.echo(shown(found.violations, most=MOST), err=True)
        failed = [each.name for each in found.checks if not each.ok]
        click.echo("go" if found.go else f"no-go: {'; '.join(failed)}")
    if not found.go:
        raise SystemExit(1)


def _mark(check: Check) -> str:
    if not check.limit:
        return ""
    return "ok" if check.ok else "FAILED"
