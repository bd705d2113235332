"""``hunt proof``: write the bundle of a finished hunt, and let an authority sign its heads."""

from __future__ import annotations

import secrets
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import click
import trio

from hunt.cli import arguments, output_file, running
from hunt.cli.authority import ask
from hunt.core import timestamp
from hunt.errors import HuntError, ProofError
from hunt.plurals import plural
from hunt.settings import Settings
from hunt.store.bundle_file import compressed
from hunt.store.bundles import Bundles
from hunt.store.timestamps import Timestamps


@click.group()
def command() -> None:
    """Export the proof of a hunt, and let an authority timestamp it."""


@command.command(epilog=arguments.examples("hunt proof export harbour -o harbour.jsonl.gz"))
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@output_file.option
@arguments.options
def export(hunt_id: str, output: Path, data_dir: Path | None, config: Path | None) -> None:
    """Write the bundle of a HUNT that has ended.

    Anyone can check the hunt from this file. It has the seed, all versions of the definition, and
    the log with pseudonyms instead of players.
    """
    file = output_file.file(output, binary="a bundle is compressed")
    settings = arguments.read(data_dir, config).settings
    with file as sink:
        rows = running.run(_export, settings, hunt_id, sink)
        sink.flush()
    click.echo(f"exported the proof of {plural(rows, 'click')}", err=True)


@command.command(
    epilog=arguments.examples("hunt proof stamp harbour --authority https://tsa.example/tsr")
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.option("--authority", required=True, metavar="URL", help="Time stamping authority.")
@arguments.options
def stamp(hunt_id: str, authority: str, data_dir: Path | None, config: Path | None) -> None:
    """Let an authority timestamp the newest head of a HUNT (RFC 3161).

    The authority signs the newest published head with the time. Run the command every minute
    while the hunt is open. The answer becomes part of the bundle. The authority gets the hash of
    the head, and nothing else about the hunt.
    """
    settings = arguments.read(data_dir, config).settings
    click.echo(running.run(_stamp, settings, hunt_id, authority))


async def _stamp(settings: Settings, hunt_id: str, authority: str) -> str:
    async with running.pool(settings) as pool:
        timestamps = Timestamps(pool)
        head = await timestamps.newest(hunt_id)
        if head is None:
            return f"hunt {hunt_id}: no head is new since the last timestamp"
        query = timestamp.query(head.head, secrets.token_bytes(8))
        answer = await trio.to_thread.run_sync(ask, authority, query)
        try:
            at = timestamp.stamped_at(answer, head.head)
        except ProofError as exc:
            raise HuntError(f"{authority}: the answer cannot be used: {exc}") from None
        await timestamps.keep(head, answer)
    return f"hunt {hunt_id}: the head after row {head.seq} was stamped at {at.isoformat()}"


async def _export(settings: Settings, hunt_id: str, sink: BinaryIO) -> int:
    """Write a bundle; return its number of rows."""
    async with running.pool(settings) as pool:
        bundles = Bundles(pool, arguments.key_ring(settings))
        source = await bundles.find(hunt_id)
        async with aclosing(bundles.lines(source)) as lines, aclosing(compressed(lines)) as parts:
            async for part in parts:
                sink.write(part)
        return source.start.rows
