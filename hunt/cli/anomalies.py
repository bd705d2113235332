"""``hunt anomalies HUNT``: list players whose clicks are unusual."""

from __future__ import annotations

import json
from pathlib import Path

import click
from msgspec import to_builtins

from hunt.cli import arguments, running
from hunt.core.anomalies import Anomaly
from hunt.errors import HuntNotFound
from hunt.plurals import plural
from hunt.settings import Settings
from hunt.store.anomalies import CLICKS, MOST_CLICKS, Found, StoredAnomalies
from hunt.store.audit import Audit, Entry

COLUMNS = (
    "player", "unusual", "clicks", "a second", "interval", "cv", "wins", "expected", "jumps",
)  # fmt: skip


@click.command(epilog=arguments.examples("hunt anomalies harbour", "hunt anomalies harbour --json"))
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.option(
    "--clicks",
    type=click.IntRange(1, MOST_CLICKS),
    default=CLICKS,
    show_default=True,
    help="Newest clicks to examine.",
)
@arguments.json_option
@arguments.options
def command(
    hunt_id: str, clicks: int, as_json: bool, data_dir: Path | None, config: Path | None
) -> None:
    """List players of a HUNT whose recent clicks are unusual, with the figures.

    Addresses with many players are known to the running server only: see the API and /ops.
    """
    found = running.run(_read, arguments.read(data_dir, config).settings, hunt_id, clicks)
    if as_json:
        click.echo(json.dumps(to_builtins(found)))
        return
    players = plural(found.window.players, "player")
    examined = f"{plural(found.window.clicks, 'click')} of {players}"
    if not found.players:
        click.echo(f"nothing unusual in the last {examined}")
        return
    arguments.echo_table([COLUMNS, *map(_row, found.players)])
    click.echo(f"in the last {examined}")


async def _read(settings: Settings, hunt_id: str, clicks: int) -> Found:
    async with running.pool(settings) as pool:
        found = await StoredAnomalies(pool).read(hunt_id, clicks)
        if found is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}: 'hunt hunts' lists them")
        await Audit(pool).record(Entry(actor=arguments.actor(), action="anomalies", hunt=hunt_id))
    return found


def _row(found: Anomaly) -> tuple[str, ...]:
    return (
        found.player,
        ", ".join(found.reasons),
        str(found.clicks),
        _number(found.rate),
        _number(found.interval_mean, " s"),
        _number(found.interval_cv),
        str(found.wins),
        _number(found.expected_wins),
        str(found.jumps),
    )


def _number(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:.3g}{unit}"
