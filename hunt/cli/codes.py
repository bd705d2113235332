"""``hunt codes``: load the codes of a prize, and count them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from hunt.cli import arguments, running
from hunt.core import codes
from hunt.errors import HuntError
from hunt.plurals import plural
from hunt.settings import Settings
from hunt.store.codes import Codes, CodeStatus

#: Lines that are checked and inserted at once.
LINES = 5000

_LINE_MAX = 2 * codes.LONGEST  # characters to read at once


@click.group()
def command() -> None:
    """Load the codes that a prize hands out, and count them."""


@command.command(
    epilog=arguments.examples(
        "hunt codes load live-show voucher codes.txt",
        "hunt codes load live-show voucher - --dry-run < codes.txt",
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.argument("prize", metavar="PRIZE", type=arguments.PRIZE_ID)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Check the file, and load nothing.")
@arguments.options
def load(
    hunt_id: str,
    prize: str,
    file: Path,
    dry_run: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Load the codes of a PRIZE from a FILE, or from - (standard input).

    The file has one code a line. All codes are loaded, or none. They raise the stock of the
    prize at once.
    """
    settings = arguments.read(data_dir, config).settings
    with _opened(file) as source:
        count, stock = running.run(_load, settings, hunt_id, prize, source, dry_run)
    if dry_run:
        click.echo(
            f"{plural(count, 'code is', 'codes are')} valid; prize {prize} would have {stock}"
        )
    else:
        click.echo(f"{plural(count, 'code is', 'codes are')} loaded; prize {prize} has {stock}")


@command.command(epilog=arguments.examples("hunt codes status", "hunt codes status live-show"))
@click.argument("hunt_id", metavar="[HUNT]", type=arguments.HUNT_ID, required=False)
@arguments.json_option
@arguments.options
def status(hunt_id: str | None, as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """Count the codes of each prize: loaded, bound to a reward, left."""
    found = running.run(_status, arguments.read(data_dir, config).settings, hunt_id)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(each) | {"left": each.left} for each in found]))
        return
    if not found:
        click.echo("no prize has codes")
    for each in found:
        keys = f"  keys {', '.join(each.keys)}" if each.keys else ""
        click.echo(
            f"{each.hunt} {each.prize}: {each.loaded} loaded, {each.bound} bound, "
            f"{each.left} left{keys}"
        )


async def _load(
    settings: Settings, hunt_id: str, prize: str, file: BinaryIO, dry_run: bool
) -> tuple[int, int]:
    async with running.pool(settings) as pool:
        store = Codes(pool, arguments.key_ring(settings))
        return await store.load(
            hunt_id, prize, _parts(file), actor=arguments.actor(), dry_run=dry_run
        )


async def _status(settings: Settings, hunt_id: str | None) -> list[CodeStatus]:
    async with running.pool(settings) as pool:
        return await Codes(pool, arguments.key_ring(settings)).status(hunt_id)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file, or standard input.

    Raises:
        HuntError: It cannot be opened.
    """
    if str(file) == "-":
        buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)  # None: it is closed
        if buffer is None:
            raise HuntError("standard input: is closed; name a file")
        yield buffer
        return
    try:
        source = file.open("rb")
    except OSError as exc:
        raise HuntError(f"{file}: cannot be read ({exc.strerror})") from None
    with source:
        yield source


def _parts(file: BinaryIO) -> Iterator[Sequence[str]]:
    """Yield the lines of a file in parts; a line that is not a code stays wrong."""
    lines = _lines(file)
    while part := list(islice(lines, LINES)):
        yield part


def _lines(file: BinaryIO) -> Iterator[str]:
    reader = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="\n")
    try:
        while line := reader.readline(_LINE_MAX):
            while not line.endswith("\n") and (rest := reader.readline(_LINE_MAX)):
                line = line[:_LINE_MAX] + rest  # too long in any case
            yield line
    except OSError as exc:
        raise HuntError(f"the file of codes cannot be read ({exc.strerror})") from None
    finally:
        reader.detach()  # the caller closes the file
