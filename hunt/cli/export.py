"""``hunt export HUNT``: write winners or clicks to a file."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

import click

from hunt.cli import arguments, running
from hunt.core.export_formats import COLUMNS, FORMATS, Format, Subject, writer
from hunt.errors import HuntError
from hunt.settings import Settings
from hunt.store.audit import Audit, Entry
from hunt.store.hunts import Hunts
from hunt.store.winners import Filter, pages
from hunt.values import MOST_SEQ

STDOUT = "-"


@click.command(
    epilog=arguments.examples(
        "hunt export harbour -o winners.csv",
        "hunt export harbour --format parquet -o winners.parquet",
        "hunt export harbour --what clicks --format ndjson --since-seq 120000 -o clicks.ndjson",
    )
)
@click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="Format of the file; parquet needs the extra parquet.",
)
@click.option(
    "--what",
    "subject",
    type=click.Choice(list(COLUMNS)),
    default="winners",
    show_default=True,
    help="Rows of the log: those that won a prize, or all clicks.",
)
@click.option(
    "--since-seq",
    type=click.IntRange(0, MOST_SEQ),
    default=0,
    show_default=True,
    help="Only rows after this seq, to continue an earlier export.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    default=STDOUT,
    show_default=True,
    help="File, or - for standard output.",
)
@arguments.options
def command(
    hunt_id: str,
    form: Format,
    subject: Subject,
    since_seq: int,
    output: Path,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Write the winners of a HUNT, or all its clicks, in the order of its log.

    The file gets its name when it is complete. The audit trail records the export.
    """
    to_stdout = str(output) == STDOUT
    if to_stdout and sys.stdout is None:
        raise HuntError("standard output is closed: give a file with -o")
    if to_stdout and form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("parquet is not text: give a file with -o")
    settings = arguments.read(data_dir, config).settings
    with nullcontext(sys.stdout.buffer) if to_stdout else new_file(output) as sink:
        rows, last = running.run(_export, settings, hunt_id, form, subject, since_seq, sink)
        sink.flush()
    click.echo(f"exported {rows} {subject}, up to seq {last}", err=True)


async def _export(
    settings: Settings,
    hunt_id: str,
    form: Format,
    subject: Subject,
    since: int,
    sink: BinaryIO,
) -> tuple[int, int]:
    """Write an export; return the number of rows, and the last seq."""
    output, count, last = writer(form, subject, hunt_id), 0, since
    detail: dict[str, object] = {"what": subject, "format": form, "since_seq": since}
    entry = Entry(actor=arguments.actor(), action="export_log", hunt=hunt_id, detail=detail)
    async with running.pool(settings) as pool:
        await running.existing(Hunts(pool, arguments.key_ring(settings)), hunt_id)
        await Audit(pool).record(entry)
        sink.write(output.head())
        every = subject == "clicks"
        async with aclosing(pages(pool, hunt_id, Filter(), after=since, every=every)) as found:
            async for rows in found:
                sink.write(output.rows(rows))
                count, last = count + len(rows), rows[-1].seq
        sink.write(output.end())
    return count, last


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path` after the block, and is removed if it fails.

    A device or a pipe is written directly.

    Raises:
        HuntError: The file cannot be written.
    """
    special = path.exists() and not path.is_file()
    part = path if special else path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    flags = os.O_WRONLY if special else os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(part, flags, 0o600), "wb") as sink:
            yield sink
            if not special:
                os.fsync(sink.fileno())
        if not special:
            part.replace(path)
    except OSError as exc:
        raise HuntError(f"{path}: cannot be written ({exc.strerror})") from None
    finally:
        if not special:
            with suppress(OSError):
                part.unlink()
