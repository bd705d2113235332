"""``hunt proof export HUNT``: write the bundle of a finished hunt."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO

import click

from hunt.cli import arguments, output_file, running
from hunt.core import bundle
from hunt.settings import Settings
from hunt.store.bundles import Bundles


@click.group()
def command() -> None:
    """Prove a finished hunt to others."""


@command.command(epilog=arguments.examples("hunt proof export harbour -o harbour.jsonl.gz"))
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@output_file.option
@arguments.options
def export(hunt_id: str, output: Path, data_dir: Path | None, config: Path | None) -> None:
    """Write the bundle of a HUNT that has ended: one file from which anyone can check it.

    It has the seed, all versions, and the log with pseudonyms instead of players.
    """
    file = output_file.file(output, binary="a bundle is compressed")
    settings = arguments.read(data_dir, config).settings
    with file as sink:
        rows = running.run(_export, settings, hunt_id, sink)
        sink.flush()
    click.echo(f"exported the proof of {rows} clicks", err=True)


async def _export(settings: Settings, hunt_id: str, sink: BinaryIO) -> int:
    """Write a bundle; return its number of rows."""
    async with running.pool(settings) as pool:
        bundles = Bundles(pool, arguments.key_ring(settings))
        source = await bundles.find(hunt_id)
        with gzip.GzipFile(filename="", fileobj=sink, mode="wb", mtime=0) as file:
            async for line in bundles.lines(source):
                file.write(bundle.encode(line) + b"\n")
        return source.start.rows
