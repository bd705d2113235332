"""``python -m tests.zones [ROW]...``: plays rows of the table of zones, and prints the results."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import trio

from hunt.testing.checks import report
from tests.faults import rig
from tests.support import reaper
from tests.zones.network import lacking
from tests.zones.play import Result, play
from tests.zones.rows import ROWS

PAGE = Path(__file__).with_name("page.md")


def line(result: Result) -> str:
    """Return a line of the table."""
    figures = result.figures
    answers = "; ".join(f"{count:,} x {what}" for what, count in sorted(result.statuses.items()))
    cut = f"{figures['streams cut']:.0f} cut, all back after {figures['streams back']:.1f} s"
    return (
        f"| {result.row.says} | {answers}; slowest {figures['slowest']:.1f} s"
        f" | {cut if figures['streams cut'] else 'none cut'} | {figures['recovered']:.1f} s"
        f" | {figures['delivery p50'] * 1000:.0f} ms | {len(result.violations) or 'none'}"
        f" | `{result.row.name}` |\n"
    )


@click.command()
@click.argument("rows", nargs=-1, type=click.Choice(list(ROWS)), metavar="[ROW]...")
@click.option("--players", "people", default=60, show_default=True)
@click.option("--listeners", default=5, show_default=True, help="Streams of each player.")
@click.option("--seed", default=1, show_default=True)
@click.option("--table", "page", type=click.Path(path_type=Path), help="Write what was measured.")
def main(rows: tuple[str, ...], people: int, listeners: int, seed: int, page: Path | None) -> None:
    """Play a game on three zones, in network namespaces of this machine."""
    if missing := lacking():
        sys.exit(f"this needs {missing}")
    failed, lines = [], []
    reaper.hold()
    with tempfile.TemporaryDirectory(prefix="hunt-zones-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        template = trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
        for name in rows or ROWS:
            print(f"\n{name}: {ROWS[name].says}", flush=True)

            async def one(name: str = name) -> Result:
                return await play(
                    ROWS[name], template, people=people, listeners=listeners, seed=seed
                )

            result = trio.run(one)
            shown = {name: round(value, 3) for name, value in result.figures.items() if value}
            print(f"{dict(result.statuses)}\n{shown}\n{report(result.violations)}")
            for each in result.failures[len(result.violations) :]:
                print(f"FAILED: {each}")
            if result.failures:
                failed.append(name)
            lines.append(line(result))
    if page is not None:
        day = datetime.now(UTC).date().isoformat()
        text = PAGE.read_text("utf-8")
        page.write_text(
            text.format(day=day, rows="".join(lines), streams=people * listeners, players=people)
        )
    if failed:
        sys.exit(f"\nfailed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
