"""``hunt seed-share HUNT``: enter the second share of a hunt's seed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.errors import HuntError
from hunt.settings import Settings

_SHARE = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)


@click.command(epilog=arguments.examples("hunt seed-share harbour < share.txt"))
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@arguments.options
def command(hunt_id: str, data_dir: Path | None, config: Path | None) -> None:
    """Enter the second share of the seed of a HUNT: 64 hex digits on standard input.

    The hunt file has the SHA-256 of the share as second_share. The hunt does not open without
    the share.
    """
    settings = arguments.read(data_dir, config).settings
    given = "" if sys.stdin is None else sys.stdin.readline(200).strip()
    if not _SHARE.fullmatch(given):
        raise HuntError("standard input: must be the second share, 64 digits of 0-9 and a-f")
    click.echo(running.run(_enter, settings, hunt_id, bytes.fromhex(given)))


async def _enter(settings: Settings, hunt_id: str, share: bytes) -> str:
    async with running.campaigns(settings) as (_, hunts):
        new = await hunts.enter_share(hunt_id, share, actor=arguments.actor())
        return f"hunt {hunt_id} has its second share" + ("" if new else " already")
