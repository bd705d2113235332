"""``hunt campaigns``: list the campaigns and the states of their doors."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import asdict

from hunt.cli import arguments, running
from hunt.core.campaign import Campaign, campaign_state, door_state, grouped
from hunt.core.hunts import Hunt
from hunt.settings import Settings


class Row(Struct, frozen=True, kw_only=True):
    """One campaign in the list."""

    id: str
    title: str
    state: str
    states: dict[str, int]  #: number of doors by state
    clicks: int  #: of all doors


@click.command(epilog=arguments.examples("hunt campaigns", "hunt campaigns --json"))
@arguments.json_option
@arguments.options
def command(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List the campaigns, with the number of doors in each state."""
    found = grouped(running.run(_all, arguments.read(data_dir, config).settings))
    rows = [_row(doors) for doors in found.values()]
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    if not rows:
        click.echo("there are no campaigns yet: create one with 'hunt apply FOLDER'")
    for row in rows:
        states = ", ".join(f"{count} {state}" for state, count in row.states.items())
        click.echo(f"{row.id}  {row.title}  {row.state}  doors: {states}")


async def _all(settings: Settings) -> list[Hunt]:
    async with running.hunts(settings) as hunts:
        return await hunts.all()


def _campaign(doors: list[Hunt]) -> Campaign:
    campaign = doors[0].campaign
    assert campaign is not None, "it is a door"
    return campaign


def _row(doors: list[Hunt]) -> Row:
    shown = [state for each in doors if (state := door_state(each, each.as_of)) is not None]
    campaign = _campaign(doors)
    return Row(
        id=campaign.id,
        title=campaign.title,
        state=campaign_state(shown) if shown else "draft",
        states=dict(Counter(map(_state, doors))),
        clicks=sum(each.last_seq for each in doors),
    )


def _state(door: Hunt) -> str:
    """Return the state of a door for operators, who see a pause also before the door opens."""
    shown = door_state(door, door.as_of)
    return "paused" if shown == "coming" and door.state == "paused" else shown or "draft"
