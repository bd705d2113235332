"""``hunt schedule``: acts at a later time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from msgspec import ValidationError, convert, to_builtins

from hunt.cli import arguments, running
from hunt.core.schedule import ACTIONS, Action, NewEntry, ScheduleEntry
from hunt.settings import Settings
from hunt.store.campaign_schedule import CampaignSchedule
from hunt.store.campaigns import Campaigns
from hunt.store.schedule import Schedule

COLUMNS = ("entry", "at", "action", "state", "late", "by", "reason")

#: An entry, after the id of its hunt if the command names a campaign, else after None.
Listed = tuple[str | None, ScheduleEntry]

_hunt = click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)


class Moment(click.ParamType[datetime]):
    """A time with an offset."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time."""
        try:
            found: datetime = convert(str(value), datetime)
        except (ValidationError, UnicodeEncodeError):
            found = datetime.min
        if found.tzinfo is None:
            self.fail("must be a time with an offset, as in 2030-12-01T18:00:00Z", param, ctx)
        return found


@click.group(
    epilog=arguments.examples(
        "hunt schedule add harbour open --at 2030-12-01T18:00:00Z",
        "hunt schedule add advent close --at 2030-12-25T00:00:00Z",
        "hunt schedule list harbour",
        "hunt schedule remove harbour 3",
    )
)
def command() -> None:
    """Perform acts of operators at a later time."""


@command.command(
    epilog=arguments.examples(
        "hunt schedule add harbour close --at 2030-12-01T21:00:00Z",
        'hunt schedule add harbour announce --text "Soon." --at 2030-12-01T20:50:00Z',
        "hunt schedule add harbour release --prize gold-coin --count 50 "
        "--at 2030-12-01T20:00:00Z --within 10m",
    )
)
@_hunt
@click.argument("action", type=click.Choice(ACTIONS))
@click.option("--at", type=Moment(), required=True, help="Time, as in 2030-12-01T18:00:00Z.")
@click.option("--text", help="Text of an announcement; without it the last one is withdrawn.")
@click.option("--prize", type=arguments.PRIZE_ID, help="Prize of a release.")
@click.option("--count", type=click.IntRange(1), help="Units of a release.")
@click.option(
    "--within", type=arguments.Duration(), help="Drop the entry if it is later by more, as in 10m."
)
@arguments.options
def add(
    hunt_id: str,
    action: Action,
    at: datetime,
    text: str | None,
    prize: str | None,
    count: int | None,
    within: float | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Add an entry: an action on HUNT at a time.

    The time is that of the database's clock. With the id of a campaign, each door that is not
    over gets the entry.
    """
    new = NewEntry(at=at, action=action, text=text, prize=prize, count=count, within=within)
    settings = arguments.read(data_dir, config).settings
    for hunt, entry in running.run(_add, settings, hunt_id, new):
        name = hunt or hunt_id
        click.echo(f"{entry.action} of hunt {name} at {_time(entry.at)} (entry {entry.id})")


@command.command(name="list", epilog=arguments.examples("hunt schedule list harbour --json"))
@_hunt
@arguments.json_option
@arguments.options
def list_(hunt_id: str, as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List the entries of HUNT, or of all doors of a campaign, by time."""
    found = running.run(_list, arguments.read(data_dir, config).settings, hunt_id)
    if as_json:
        click.echo(json.dumps([_shown(each) for each in found]))
        return
    if not found:
        click.echo("nothing is scheduled")
        return
    head = COLUMNS if found[0][0] is None else ("hunt", *COLUMNS)
    arguments.echo_table([head, *map(_row, found)])


@command.command(epilog=arguments.examples("hunt schedule remove harbour 3"))
@_hunt
@click.argument("entry", metavar="ENTRY", type=click.IntRange(1, 2**31 - 1))
@arguments.options
def remove(hunt_id: str, entry: int, data_dir: Path | None, config: Path | None) -> None:
    """Remove a waiting ENTRY, by its number in 'hunt schedule list'."""
    gone = running.run(_remove, arguments.read(data_dir, config).settings, hunt_id, entry)
    click.echo(f"{gone.action} at {_time(gone.at)} is removed (entry {gone.id})")


async def _add(settings: Settings, hunt_id: str, new: NewEntry) -> Sequence[Listed]:
    async with running.pool(settings) as pool:
        actor = arguments.actor()
        if await Campaigns(pool).exists(hunt_id):
            return await CampaignSchedule(pool).add(hunt_id, new, actor=actor)
        return [(None, await Schedule(pool).add(hunt_id, new, actor=actor))]


async def _list(settings: Settings, hunt_id: str) -> Sequence[Listed]:
    async with running.pool(settings) as pool:
        if await Campaigns(pool).exists(hunt_id):
            return await CampaignSchedule(pool).entries(hunt_id)
        return [(None, each) for each in await Schedule(pool).entries(hunt_id)]


async def _remove(settings: Settings, hunt_id: str, entry: int) -> ScheduleEntry:
    async with running.pool(settings) as pool:
        return await Schedule(pool).remove(hunt_id, entry, actor=arguments.actor())


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"


def _shown(listed: Listed) -> dict[str, object]:
    hunt, entry = listed
    shown: dict[str, object] = to_builtins(entry)
    return shown if hunt is None else {"hunt": hunt} | shown


def _row(listed: Listed) -> tuple[str, ...]:
    hunt, entry = listed
    what: str = entry.action
    if entry.action == "release":
        what = f"release {entry.count} of {entry.prize}"
    elif entry.action == "announce":
        what = "withdraw the announcement" if entry.text is None else "announce a text"
    return (
        *(() if hunt is None else (hunt,)), str(entry.id), _time(entry.at), what, entry.state,
        "" if entry.late is None else f"{entry.late:.1f} s", entry.actor, entry.reason or "",
    )  # fmt: skip
