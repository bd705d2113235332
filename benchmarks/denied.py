"""Event latency while wins are denied or replaced, beside a hunt in which none is.

    python -m benchmarks.denied [--players 200] [--rate 300] [--seconds 10] [--rounds 3]

One server with several processes plays three hunts in turn.  In each, half of the clicks draw a
prize.  In the first every draw wins, in the second half of the draws are of a prize that is used
up, and in the third these draws get another prize by overflow.  A process that cannot take the
rewards of another process from its notice reads them from the table, which is counted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench import game
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.progress import ProgressLine
from hunt.bench.target import Target

#: Lines of the prize that half of the draws are of, by hunt.
SCARCE = {
    "none-denied": "",
    "half-denied": "stock = 1\n",
    "half-overflow": 'stock = 1\noverflow = "shell"\n',
}

FIGURES = ("p50_ms", "p99_ms", "event_p50_ms", "event_p90_ms", "event_p99_ms")

_READS = re.compile(r"^hunt_tail_reads_total\S* (\S+)$", re.MULTILINE)


def hunt_file(hunt: str) -> str:
    """Return the hunt file of one of the hunts."""
    return (
        f'[hunt]\nid = "{hunt}"\ntitle = "{hunt}"\nmap = {{ width = 100, height = 100 }}\n'
        f'[[prize]]\nid = "pearl"\ntitle = "Pearl"\npoints = 9\nodds = 0.25\n{SCARCE[hunt]}'
        '[[prize]]\nid = "shell"\ntitle = "Shell"\npoints = 5\nodds = 0.25\n'
    )


def open_hunt(folder: Path, hunt: str) -> None:
    """Create and open a hunt of the running server."""
    file = folder / f"{hunt}.toml"
    file.write_text(hunt_file(hunt), "utf-8")
    for command in (["apply", str(file)], ["open", hunt]):
        subprocess.run(
            [*serving.HUNT, *command, "--data-dir", str(folder / "data")],
            env=serving.environment({}),
            check=True,
            stdout=subprocess.DEVNULL,
        )


def reads(target: Target) -> float:
    """Return the number of ranges that all processes have read from the log."""
    status, _, body = target.request("GET", "/metrics")
    if status != 200:
        raise SystemExit(f"/metrics answers {status}")
    return sum(map(float, _READS.findall(body.decode())))


def measure(options: argparse.Namespace, folder: Path) -> tuple[list[list[str]], list[str]]:
    """Return the rows of the table, one for each hunt, and the failed checks."""
    flags = ["--processes", str(options.processes), "--data-dir", str(folder / "data")]
    found: dict[str, list[dict[str, float]]] = {hunt: [] for hunt in SCARCE}
    problems: list[str] = []
    load = game.Load(players=options.players, seconds=options.seconds, rate=options.rate)
    with serving.hunt(flags, serving.handed_on("HUNT_JOINT_COMMITS")) as (url, pid):
        targets = {hunt: Target.parse(url, hunt) for hunt in SCARCE}
        for hunt in SCARCE:
            open_hunt(folder, hunt)
        for turn in range(options.rounds + 1):
            for hunt, target in targets.items():
                line = ProgressLine(hunt)
                before = reads(target)
                result = game.measure(
                    target, load, serving.PLAYERS, processes=ServerProcesses([pid]),
                    progress=line.clicks,
                )  # fmt: skip
                line.clear()
                problems += [f"{hunt}: {each}" for each in result.problems]
                if turn:  # the first turn uses up the stock, and warms up
                    figures = {name: float(result.figures[name] or 0) for name in FIGURES}
                    figures["reads"] = reads(target) - before
                    found[hunt].append(figures)
    rows = [
        [
            hunt,
            *(f"{median(each[name] for each in turns):.1f}" for name in FIGURES),
            f"{sum(each['reads'] for each in turns):.0f}",
        ]
        for hunt, turns in found.items()
    ]
    return rows, problems


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--players", type=int, default=200, metavar="N")
    parser.add_argument("--rate", type=float, default=300, metavar="N", help="clicks a second")
    parser.add_argument("--seconds", type=float, default=10, metavar="S")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    output.options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        rows, problems = measure(options, Path(folder))
    head = ["hunt", "p50 ms", "p99 ms", "event p50 ms", "event p90 ms", "event p99 ms", "reads"]
    output.table("Events while wins are denied", [head, *rows], options)
    output.end(problems)


if __name__ == "__main__":
    main()
