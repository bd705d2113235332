"""``hunt config``: show the settings and their sources."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hunt.cli import arguments
from hunt.configuration import masked
from hunt.sources import PREFIX


@click.command()
@arguments.json_option
@arguments.options
def command(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """Show each setting with its source; secrets are masked."""
    loaded = arguments.read(data_dir, config)
    shown = masked(loaded.settings)
    if as_json:
        rows = {
            name: {"value": value, "from": loaded.origins[name]} for name, value in shown.items()
        }
        click.echo(json.dumps(rows))
        return
    width = max(len(name) for name in shown) + len(PREFIX)
    for name, value in shown.items():
        click.echo(f"{PREFIX}{name.upper()}".ljust(width) + f"  {value}  ({loaded.origins[name]})")
