"""The ``hunt`` command, and ``python -m hunt``."""

from __future__ import annotations

import sys

import click

from hunt.cli import hunt
from hunt.errors import DefinitionError, HuntError, SettingsError


def main() -> None:
    """Run the command line: exit status 0 done, 1 it failed, 2 wrong usage or settings."""
    try:
        hunt(prog_name="hunt")
    except (SettingsError, DefinitionError) as exc:
        _fail(str(exc), 2)
    except HuntError as exc:
        _fail(str(exc), 1)


def _fail(sentence: str, status: int) -> None:
    click.echo(f"hunt: {sentence}", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
