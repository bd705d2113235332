"""``hunt config``: show and check the settings, print a commented settings file."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from hunt.cli import arguments
from hunt.configuration import masked
from hunt.service.keyring import open_tokens
from hunt.settings import Settings
from hunt.settings_file import default_file
from hunt.sources import PREFIX


@click.command(
    epilog=arguments.examples(
        "hunt config",
        "hunt config --default > hunt.toml",
        "hunt config --check /etc/hunt.toml",
    )
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--default", "default", is_flag=True, help="Print a commented hunt.toml.")
@click.option(
    "--check",
    is_flag=True,
    help="Check the settings that a server would start with; FILE is used like --config.",
)
@arguments.json_option
@arguments.options
def command(
    file: Path | None,
    default: bool,
    check: bool,
    as_json: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Show each setting with its source; secrets are masked.

    With --check: exit status 0 if the settings are valid, and 2 if not, with the reason.
    """
    if default + check + as_json > 1:
        raise click.UsageError("give only one of --default, --check and --json")
    if file is not None and (not check or config is not None):
        raise click.UsageError("FILE needs --check, and excludes --config")
    if default:
        click.echo(default_file(), nl=False)
        return
    loaded = arguments.read(data_dir, file or config)
    if check:
        _check(loaded.settings)
        used = sorted(set(loaded.origins.values()))
        click.echo(f"the settings are valid (sources: {', '.join(used)})")
        return
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


def _check(settings: Settings) -> None:
    """Check the settings against each other, and the files of keys.

    Raises:
        SettingsError: A server would not start with these settings.
    """
    if not settings.embedded:
        arguments.secrets(settings)
    open_tokens(settings, clock=time.time)
