"""Comparison of hunt with other servers under the same load.

    python -m benchmarks.compare --axum DIR --fastapi DIR [--servers axum,hunt]
    python -m benchmarks.compare --axum DIR --load played [--players 3000] [--rate 3000]
    python -m benchmarks.compare --axum DIR --load idle [--streams 5000]

All servers use one PostgreSQL, each with its own database, and the same hunt. All of them run
during the whole comparison, and take turns: A B C, A B C.  Figures are medians over the rounds.
The ratio to the reference (axum, or --reference) is in brackets.  CPU is in milliseconds per
1,000 clicks, from /proc, of all processes of the server.  Idle streams are opened on a server
that was started for that turn.

servers: hunt (one process), hunt-2 (two), plain (hunt with the fast lane off: Quart-Trio on
Hypercorn), axum, axum-20 (20 ms between two batches), fastapi (two workers).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import platformdirs

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import database, output, serving
from benchmarks.compare import axum, fastapi, loads, ours, sheet
from benchmarks.compare.contender import Contender
from benchmarks.compare.ratios import medians
from benchmarks.compare.turns import alternate
from hunt.bench.figure_table import Columns
from hunt.bench.result import Result

#: Servers in the order of their turns, and whether they take part by default.
SERVERS = {
    "axum": True,
    "hunt": True,
    "hunt-2": True,
    "plain": True,
    "fastapi": True,
    "axum-20": False,
}


def main() -> None:
    serving.prepare()
    options = arguments()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True)
            )
        )
        postgres = stack.enter_context(database.started(folder / "database"))
        contenders = [contender(name, postgres, folder, options) for name in options.servers]
        measured = measure(contenders, folder / "tokens", options, stack)
    if options.json:
        print(json.dumps(measured))
    output.end([f"{each['load']}: {text}" for each in measured for text in each["problems"]])


def measure(
    contenders: Sequence[Contender], tokens: Path, options: argparse.Namespace, stack: ExitStack
) -> list[dict[str, Any]]:
    """Measure the load on all servers, and print the figures."""
    if options.load == "idle":
        turn = loads.idle(options.streams, options.quiet)
        title = f"{options.streams:,} idle streams"
        afresh = partial(loads.afresh, turn=turn)
        return [show(title, sheet.IDLE, alternate(contenders, options.rounds, afresh), options)]
    running = [stack.enter_context(each.started()) for each in contenders]
    # Otherwise statements of the first round would be planned for an empty log.
    alternate(running, 1, loads.closed(64, 1, 0, None))
    if options.load == "played":
        turn = loads.played(options.players, options.rate, options.seconds)
        title = f"{options.players:,} players with open streams, {options.rate:,.0f} clicks/s"
        return [show(title, sheet.PLAYED, alternate(running, options.rounds, turn), options)]
    found = []
    for count in options.connections:
        file = tokens if options.generator == "wrk" else None
        turn = loads.closed(count, options.seconds, options.warmup, file)
        title = f"{count:,} connections, closed loop"
        found.append(show(title, sheet.CLICKS, alternate(running, options.rounds, turn), options))
    return found


def show(
    title: str, columns: Columns, turns: Sequence[Sequence[Result]], options: argparse.Namespace
) -> dict[str, Any]:
    """Print the table of one load; return its figures."""
    rounds = dict(zip(options.servers, turns, strict=True))
    figures = {name: medians([each.figures for each in found]) for name, found in rounds.items()}
    reference = options.reference if options.reference in figures else None
    rows = sheet.rows(columns, figures, reference)
    output.table(f"{title} (medians of {options.rounds} rounds)", rows, options)
    return {
        "load": title,
        "medians": figures,
        "rounds": {name: [each.figures for each in found] for name, found in rounds.items()},
        "problems": [
            f"{name}: {problem}"
            for name, found in rounds.items()
            for each in found
            for problem in each.problems
        ],
    }


def contender(
    name: str, postgres: database.Database, folder: Path, options: argparse.Namespace
) -> Contender:
    """Return a server by its name; build or install it if necessary."""
    own = folder / name
    own.mkdir()
    data = postgres.create(f"bench-{name}")
    if name.startswith("axum"):
        binary = axum.build(options.axum, options.build / "axum")
        return axum.contender(name, data, binary, interval=20 if name == "axum-20" else 0)
    if name == "fastapi":
        venv = fastapi.install(options.fastapi, options.build / "fastapi")
        return fastapi.contender(name, data, options.fastapi, venv, own)
    return ours.contender(
        name, data, own, processes=2 if name == "hunt-2" else 1, fast=name != "plain"
    )


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serving.load_options(parser)
    parser.add_argument("--load", choices=("clicks", "played", "idle"), default="clicks")
    parser.add_argument("--servers", type=lambda text: text.split(","), metavar="NAME,NAME")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--axum", type=Path, metavar="DIR", help="its source, or its binary")
    parser.add_argument("--fastapi", type=Path, metavar="DIR", help="its source")
    parser.add_argument(
        "--build",
        type=Path,
        default=Path(platformdirs.user_cache_dir("hunt-benchmarks")),
        metavar="DIR",
        help="where rivals are built and installed, and found again (default: %(default)s)",
    )
    parser.add_argument("--reference", default="axum", metavar="NAME")
    parser.add_argument(
        "--generator",
        choices=("own", "wrk"),
        default="own",
        help="of the closed loop; wrk does not look into the answers",
    )
    parser.add_argument("--players", type=int, default=3000, metavar="N")
    parser.add_argument("--rate", type=float, default=3000, metavar="CLICKS")
    parser.add_argument("--streams", type=int, default=5000, metavar="N")
    parser.add_argument("--quiet", type=float, default=5, metavar="S", help="of idle streams")
    options = parser.parse_args()
    given = {"axum": options.axum, "axum-20": options.axum, "fastapi": options.fastapi}
    if options.servers is None:
        options.servers = [n for n, asked in SERVERS.items() if asked and given.get(n, True)]
    for name in options.servers:
        if name not in SERVERS:
            parser.error(f"--servers {name}: there are {', '.join(SERVERS)}")
        if given.get(name, True) is None:
            parser.error(f"--servers {name} needs --{name.partition('-')[0]} DIR")
    return options


if __name__ == "__main__":
    main()
