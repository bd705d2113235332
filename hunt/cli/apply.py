"""``hunt apply FILE``: create or change a hunt."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.core.definition import Definition
from hunt.core.fairness import new_seed
from hunt.settings import Settings


@click.command(epilog=arguments.examples("hunt apply river.toml"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@arguments.options
def command(file: Path, data_dir: Path | None, config: Path | None) -> None:
    """Create or change a hunt from a hunt FILE, and print the changes."""
    definition = arguments.definition(file)
    running.run(_apply, arguments.read(data_dir, config).settings, definition)


async def _apply(settings: Settings, definition: Definition) -> None:
    async with running.hunts(settings) as hunts:
        changes = await hunts.apply(definition, seed=new_seed(os.urandom), actor=arguments.actor())
        hunt = await hunts.get(definition.id)
    for change in changes:
        click.echo(change)
    if not changes:
        click.echo(f"hunt {definition.id}: nothing to change")
    if hunt is not None and hunt.state == "draft":
        click.echo(f"the hunt is a draft: open it with 'hunt open {definition.id}'")
