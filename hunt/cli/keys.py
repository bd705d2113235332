"""``hunt keys``: make keys that encrypt data at rest."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from hunt.cli import arguments
from hunt.embedded.data_keys import new_key
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
