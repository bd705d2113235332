"""Cost of one click with many hunts, and with long logs.

    python -m benchmarks.costs [--parts hunts,spread,rows] [--hunts 1,100,1000]
                               [--rows 10000,10000000] [--random-ids]

hunts: a closed loop on one hunt, with the given number of open hunts.
spread: an open loop that rotates over all of these hunts.  It is slow enough that each click
    is a batch of its own, so it compares clicks, not batching.
rows: a closed loop on hunts whose logs have the given numbers of rows.  Filling them with SQL
    takes minutes for millions; with --folder only once.  Filled rows have random ids.  Clicks
    have UUIDs of version 7, as real clients use, unless --random-ids.

Each number of hunts has its own server process; all share one PostgreSQL.  They alternate,
and figures are medians.  The ratio to the first row is in brackets.  CPU is in milliseconds
per 1,000 clicks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import database, output, prefill, serving
from benchmarks.compare import ours, sheet
from benchmarks.compare.contender import Running
from benchmarks.compare.ratios import medians
from benchmarks.compare.turns import alternate
from benchmarks.spread import measure as measure_spread
from hunt.bench import clicks
from hunt.bench.result import Result

PARTS = ("hunts", "spread", "rows")


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: the hunts that are clicked on."""

    name: str
    running: Running
    hunts: Sequence[str]


def closed(case: Case, load: clicks.Load) -> Result:
    """Click on the first hunt."""
    case.running.contender.database.settle()
    target = replace(case.running.target, hunt=case.hunts[0])
    return clicks.measure(target, load, serving.PLAYERS, processes=case.running.processes)


def spread(case: Case, load: clicks.Load) -> Result:
    """Click on all hunts in rotation."""
    case.running.contender.database.settle()
    return measure_spread(case.running, case.hunts, load)


def many(
    postgres: database.Database, folder: Path, options: argparse.Namespace, stack: ExitStack
) -> list[Case]:
    """Return a server for each number of hunts."""
    cases = []
    for count in options.hunts:
        own = folder / f"hunts-{count}"
        own.mkdir(exist_ok=True)
        data = postgres.create(own.name)
        contender = ours.contender(own.name, data, own)
        ids = ["demo", *(f"hunt-{number}" for number in range(2, count + 1))]
        prefill.make_hunts(data.conninfo, ours.DEMO, ids[1:])
        running = stack.enter_context(contender.started())
        cases.append(Case(f"{count:,} hunts", running, ids))
    return cases


def lengths(
    postgres: database.Database, folder: Path, options: argparse.Namespace, stack: ExitStack
) -> list[Case]:
    """Return one server, and a hunt for each length of the log."""
    own = folder / "rows"
    own.mkdir(exist_ok=True)
    data = postgres.create(own.name)
    contender = ours.contender(own.name, data, own)
    ids = [f"rows-{count}" for count in options.rows]
    prefill.make_hunts(data.conninfo, ours.DEMO, ids)
    for hunt, count in zip(ids, options.rows, strict=True):
        prefill.fill(data.conninfo, hunt, count)
    running = stack.enter_context(contender.started())
    return [
        Case(f"{count:,} rows", running, [hunt])
        for hunt, count in zip(ids, options.rows, strict=True)
    ]


def main() -> None:
    serving.prepare()
    options = arguments()
    problems: list[str] = []
    loop = clicks.Load(
        connections=options.connections,
        seconds=options.seconds,
        warmup=options.warmup,
        random_ids=options.random_ids,
    )
    slow = replace(loop, connections=max(options.hunts), rate=options.rate)
    with ExitStack() as stack:
        folder = options.folder
        if folder is None:
            temporary = tempfile.TemporaryDirectory(
                prefix="hunt-bench-", ignore_cleanup_errors=True
            )
            folder = Path(stack.enter_context(temporary))
        folder.mkdir(exist_ok=True)
        postgres = stack.enter_context(database.started(folder / "database"))
        several: list[Case] = []
        if {"hunts", "spread"} & set(options.parts):
            several = many(postgres, folder, options, stack)
        for part in options.parts:
            cases, turn, how = several, partial(closed, load=loop), "closed loop"
            if part == "rows":
                cases, title = lengths(postgres, folder, options, stack), "Length of the log"
            elif part == "hunts":
                title = "Open hunts, one of which is played"
            else:
                title, how = "Open hunts, all of which are played", f"{slow.rate:g} clicks/s"
                turn = partial(spread, load=slow)
            title = f"{title}, {how}"
            found = alternate(cases, options.rounds, turn)
            problems += show(title, cases, found, options)
    output.end(problems)


def show(
    title: str,
    cases: Sequence[Case],
    turns: Sequence[Sequence[Result]],
    options: argparse.Namespace,
) -> list[str]:
    """Print a table; return the failed checks."""
    figures: Mapping[str, dict[str, float | None]] = {
        case.name: medians([each.figures for each in found])
        for case, found in zip(cases, turns, strict=True)
    }
    if options.json:
        output.show(title, {}, [{"case": name, **each} for name, each in figures.items()], options)
    else:
        rows = sheet.rows(sheet.CLICKS, figures, cases[0].name)
        rows[0][0] = ""
        output.table(f"{title} (medians of {options.rounds} rounds)", rows, options)
    return [
        f"{title}: {case.name}: {problem}"
        for case, found in zip(cases, turns, strict=True)
        for each in found
        for problem in each.problems
    ]


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    numbers = lambda text: [int(each) for each in text.split(",")]  # ruff: ignore[lambda-assignment]
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--hunts", type=numbers, default=[1, 100, 1000], metavar="N,N")
    parser.add_argument("--rows", type=numbers, default=[10_000, 10_000_000], metavar="N,N")
    parser.add_argument("--random-ids", action="store_true", help="of all clicks")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="keep the databases here, for the next time"
    )
    parser.add_argument("--connections", type=int, default=64, metavar="N", help="closed loop")
    parser.add_argument("--rate", type=float, default=200, metavar="CLICKS", help="spread")
    parser.add_argument("--seconds", type=float, default=5, metavar="S")
    parser.add_argument("--warmup", type=float, default=1, metavar="S")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"--parts {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    main()
