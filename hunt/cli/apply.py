"""``hunt apply PATH``: create or change a hunt or a campaign."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core.campaign import CampaignDefinition
from hunt.core.campaign_file import FILE, is_campaign, parse_campaign
from hunt.core.definition import Definition
from hunt.core.fairness import new_seed
from hunt.core.hunt_file import parse
from hunt.plurals import plural
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt apply river.toml", "hunt apply examples/advent/"))
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@arguments.options
def command(path: Path, data_dir: Path | None, config: Path | None) -> None:
    """Create or change a hunt or a campaign, and print the changes.

    PATH is a hunt file, a campaign's file, or a folder with a file campaign.toml. A campaign is
    applied with all its doors, or not at all.
    """
    file = path / FILE if path.is_dir() else path
    text = arguments.text(file)
    settings = arguments.read(data_dir, config).settings
    if is_campaign(text):
        running.run(_apply_campaign, settings, parse_campaign(text))
    else:
        running.run(_apply, settings, parse(text))


async def _apply(settings: Settings, definition: Definition) -> None:
    async with running.hunts(settings) as hunts:
        changes = await hunts.apply(definition, seed=new_seed(os.urandom), actor=arguments.actor())
        hunt = await hunts.get(definition.id)
    for change in changes:
        click.echo(change)
    if not changes:
        click.echo(f"hunt {definition.id}: nothing to change")
    if hunt is not None and hunt.state == "draft":
        early = "" if definition.opens_at is None else "; players then see a countdown to opens_at"
        click.echo(f"the hunt is a draft: open it with 'hunt open {definition.id}'{early}")


async def _apply_campaign(settings: Settings, wanted: CampaignDefinition) -> None:
    campaign = wanted.campaign.id
    async with running.campaigns(settings) as (campaigns, _):
        changes = await campaigns.apply(
            wanted, new_seed=lambda: new_seed(os.urandom), actor=arguments.actor()
        )
        drafts = await campaigns.drafts(campaign)
    for change in changes:
        click.echo(change)
    if not changes:
        click.echo(f"campaign {campaign}: nothing to change")
    if drafts:
        what = plural(drafts, "door is a draft: open it", "doors are drafts: open them")
        click.echo(f"{what} with 'hunt open {campaign}'")
