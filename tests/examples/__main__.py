"""``python -m tests.examples``: simulate and play the examples, and print the results."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import trio

from hunt.core.arrivals import Habits
from hunt.core.simulation import Moment, Scenario, play
from hunt.testing.checks import report
from tests.examples.arena import Arena, Outcome, arena
from tests.examples.compressed import PLAYERS, Example, examples
from tests.support import reaper

PAGE = Path(__file__).with_name("page.md")

PROCESSES = 2

CLICKS = 3  #: of each player on the real server

SIMULATED = ("example", "players", "clicks", "off plan", "units", "winners", "time")
PLAYED = (
    "example", "players", "seconds", "answers", "refused", "late", "off plan", "hours kept",
    "winners", "violations",
)  # fmt: skip


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def table(columns: tuple[str, ...], rows: Iterator[str]) -> str:
    return "\n".join([row(*columns), f"|{'---|' * len(columns)}", *rows])


def simulated(wanted: list[Example], counts: tuple[int, ...], failed: list[str]) -> Iterator[str]:
    """Simulate each example with each number of players; yield rows."""
    for example in wanted:
        for count in counts:
            source, began = random.Random(1), time.perf_counter()
            scenario = Scenario(
                clicks=count * example.clicks,
                players=count,
                habits=Habits(curve=example.curve),
                crowd=example.crowd,
                spread=example.spread,
                by="hour",
            )
            found = play(
                example.definition, scenario, seed=source.randbytes(32), uniform=source.random
            )
            took = time.perf_counter() - began
            off, units, kept = deviations(found.slices)
            if not kept:
                failed.append(f"{example.name} simulated with {count} players is off its plan")
            winners = found.players.winners / count
            made = row(
                example.name, f"{count:,}", f"{found.clicks:,}", f"{off:.1%}", units,
                f"{winners:.1%}", f"{took:.0f} s",
            )  # fmt: skip
            print(made, file=sys.stderr)
            yield made


def deviations(slices: list[Moment]) -> tuple[float, int, bool]:
    """Return the largest deviations, relative and in units, and whether all are allowed."""
    found = [
        (abs(each.granted[prize] - planned), planned)
        for each in slices
        for prize, planned in each.planned.items()
    ]
    off = max((units / planned for units, planned in found if planned), default=0.0)
    kept = all(units <= max(0.05 * planned, 1) for units, planned in found)
    return off, max((units for units, _ in found), default=0), kept


async def played(
    wanted: list[Example], count: int, rate: float, folder: Path, failed: list[str]
) -> list[str]:
    """Play each example on a real server; return rows."""
    rows = []
    async with arena(folder, processes=PROCESSES) as stage:
        for path in dict.fromkeys(each.path for each in wanted):
            await stage.apply(path)
        for number, example in enumerate(wanted):
            rows.append(await _played(stage, example, count, rate, number, failed))
            print(rows[-1], file=sys.stderr)
    return rows


async def _played(
    stage: Arena, example: Example, count: int, rate: float, seed: int, failed: list[str]
) -> str:
    seconds = count * CLICKS / rate
    found: Outcome = await stage.play(
        replace(example, clicks=CLICKS), players=count, seconds=seconds, seed=seed
    )
    if found.violations:
        print(report(found.violations))
        failed.append(f"{example.name} has violations")
    kept = sum(each.is_kept for each in found.hours)
    if kept < len(found.hours):
        failed.append(f"{example.name} is off its plan")
    return row(
        example.name, f"{count:,}", f"{seconds:.0f}", f"{found.statuses[200]:,}",
        f"{sum(found.statuses.values()) - found.statuses[200]:,}", f"{found.late:.1f} s",
        f"{max((each.off for each in found.hours), default=0.0):.1%}",
        f"{kept} of {len(found.hours)}", f"{found.winners / count:.1%}",
        len(found.violations) or "none",
    )  # fmt: skip


@click.command()
@click.option(
    "--players", type=click.IntRange(1), default=PLAYERS, help="Players on the real server."
)
@click.option(
    "--rate", type=click.FloatRange(1), default=300.0, help="Clicks a second on the real server."
)
@click.option(
    "--simulate", type=click.IntRange(1), multiple=True, default=(PLAYERS, 5 * PLAYERS),
    help="Players of a simulation; repeat it.",
)  # fmt: skip
@click.option("--only", default="", help="Only examples whose names begin so.")
@click.option("--page", type=click.Path(path_type=Path), help="Write the page of the reference.")
def main(
    players: int, rate: float, simulate: tuple[int, ...], only: str, page: Path | None
) -> None:
    """Simulate and play the examples, and print the results."""
    failed: list[str] = []
    wanted = [each for each in examples() if each.name.startswith(only)]
    reaper.hold()
    first = table(SIMULATED, simulated(wanted, simulate, failed))
    with tempfile.TemporaryDirectory(prefix="hunt-examples-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        rows = trio.run(played, wanted, players, rate, Path(name), failed)
    text = PAGE.read_text("utf-8").format(
        day=datetime.now(UTC).date().isoformat(),
        cpus=os.cpu_count(),
        processes=PROCESSES,
        players=PLAYERS,
        simulated=first,
        played=table(PLAYED, iter(rows)),
    )
    print(text)
    if page is not None:
        page.write_text(text, "utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
