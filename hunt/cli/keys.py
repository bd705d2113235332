"""``hunt keys``: make and replace the keys that encrypt data at rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.embedded.data_keys import new_key
from hunt.settings import Settings
from hunt.store.sealed import Sealed
from hunt.values import KEY_ID


class KeyId(click.ParamType[str]):
    """The id of a key; a malformed id is a usage error."""

    name = "id"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the id."""
        found = str(value)
        if not KEY_ID.fullmatch(found):
            self.fail("must be 1-16 of a-z, 0-9 and -", param, ctx)
        return found


@click.group()
def command() -> None:
    """Make and replace the keys that encrypt codes and seeds in the database."""


@command.command(epilog=arguments.examples("hunt keys new", "hunt keys new --id 2027"))
@click.option("--id", "id_", type=KeyId(), help="Id of the key; the default is today's date.")
def new(id_: str | None) -> None:
    """Print a new random key for HUNT_DATA_KEYS.

    Keep it as a secret, and apart from backups of the database. Without it, the data that it
    encrypts is lost.
    """
    click.echo(new_key(id_ or f"{datetime.now(UTC):%Y-%m-%d}"))


@command.command(epilog=arguments.examples("hunt keys status", "hunt keys status --json"))
@arguments.json_option
@arguments.options
def status(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List how many values each key encrypts."""
    settings = arguments.read(data_dir, config).settings
    counts = running.run(_status, settings)
    if as_json:
        click.echo(json.dumps(counts))
        return
    if not any(counts.values()):
        click.echo("nothing is encrypted, and there is no hunt")
    present = {id_ for id_, _ in arguments.with_data_keys(settings).data_keys}
    for name, by_key in counts.items():
        for key, count in by_key.items():
            state = "not encrypted" if not key else f"key {key}"
            missing = "" if not key or key in present else "  MISSING in HUNT_DATA_KEYS"
            click.echo(f"{name:<16} {count:>9}  {state}{missing}")


@command.command(epilog=arguments.examples("hunt keys rotate"))
@arguments.options
def rotate(data_dir: Path | None, config: Path | None) -> None:
    """Encrypt everything again with the first key of HUNT_DATA_KEYS.

    Servers may run meanwhile. If the command is interrupted, run it again: it does the rest.
    """
    done = running.run(_rotate, arguments.read(data_dir, config).settings)
    for name, count in done.items():
        click.echo(f"{name:<16} {count:>9}  encrypted again")


async def _status(settings: Settings) -> dict[str, dict[str, int]]:
    async with running.pool(settings) as pool:
        return await Sealed(pool, arguments.key_ring(settings)).counts()


async def _rotate(settings: Settings) -> dict[str, int]:
    async with running.pool(settings) as pool:
        return await Sealed(pool, arguments.key_ring(settings)).rotate(actor=arguments.actor())
