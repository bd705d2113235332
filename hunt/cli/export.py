"""``hunt export HUNT``: write winners or clicks to a file."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import click

from hunt.cli import arguments, output_file, running
from hunt.core.export_formats import COLUMNS, FORMATS, Format, Subject, writer
from hunt.settings import Settings
from hunt.store.audit import Audit, Entry
from hunt.store.hunts import Hunts
from hunt.store.winners import Filter, pages
from hunt.values import MOST_SEQ


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
@output_file.option
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
    file = output_file.file(output, binary="parquet is not text" if form == "parquet" else None)
    settings = arguments.read(data_dir, config).settings
    with file as sink:
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
