"""The cost of rules: CPU of a click in a hunt with all rules, and in the same hunt without.

    python -m benchmarks.rules [--connections 256] [--seconds 5] [--rounds 3]

One server plays both hunts in turn, so that a ratio is of neighbouring measurements.  CPU is in
milliseconds per 1,000 clicks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench import clicks
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.progress import ProgressLine
from hunt.bench.target import Target

#: Figures that are compared, and their headings.
COMPARED = {
    "server_cpu_ms_per_1000": "server CPU",
    "postgres_cpu_ms_per_1000": "PostgreSQL CPU",
}


def with_rules(text: str) -> str:
    """Return the demo hunt with every rule; no limit is reached, but each is counted."""
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    end = begin + timedelta(hours=12)
    hunt = (
        'timezone = "Europe/Berlin"\n'
        f"opens_at = {begin.isoformat()}\ncloses_at = {end.isoformat()}\n"
        'attempts = { count = 1000000, per = "day" }\n'
        'max_wins = { count = 1000000, per = "hunt" }\n'
    )
    first = (
        '[[prize]]\nid = "voucher"\ntitle = "Voucher"\nwin = "first"\n'
        'release = { moments = 500 }\nunclaimed = "void"\n'
        "odds = { at = [10, 10], within = 2 }\n\n"
    )
    text = text.replace("cooldown = 0.0\n", hunt)
    text = text.replace(
        "stock = 10000\n", 'stock = 1000000\nrelease = { even = true }\noverflow = "compass"\n'
    )
    return text.replace("[[prize]]", first + "[[prize]]", 1)


def apply(folder: Path, text: str) -> None:
    """Change the demo hunt of the running server."""
    file = folder / "hunt-file.toml"
    file.write_text(text, "utf-8")
    command = [*serving.HUNT, "apply", str(file), "--data-dir", str(folder / "data")]
    subprocess.run(command, env=serving.environment({}), check=True, stdout=subprocess.DEVNULL)


def measure(options: argparse.Namespace, folder: Path) -> list[list[str]]:
    """Return the rows of the table: one for each number of connections."""
    plain = resources.files("hunt").joinpath("harbour.toml").read_text("utf-8")
    flags = ["--processes", "1", "--data-dir", str(folder / "data")]
    rows = []
    with serving.hunt(flags, {}) as (url, pid):
        target, processes = Target.parse(url, "harbour"), ServerProcesses([pid])
        for connections in options.connections:
            load = clicks.Load(
                connections=connections, seconds=options.seconds, warmup=options.warmup
            )
            found: dict[str, list[clicks.Result]] = {plain: [], with_rules(plain): []}
            for _ in range(options.rounds):
                for text, results in found.items():
                    apply(folder, text)
                    line = ProgressLine(f"{connections} connections")
                    results.append(
                        clicks.measure(
                            target, load, serving.PLAYERS, processes=processes, progress=line.clicks
                        )
                    )
                    line.clear()
            rows.append([str(connections), *compared(*found.values())])
    return rows


def compared(without: list[clicks.Result], having: list[clicks.Result]) -> list[str]:
    """Return medians without and with rules, and the median ratio of each round."""
    cells = []
    for name in COMPARED:
        before = [float(each.figures[name] or 0) for each in without]
        after = [float(each.figures[name] or 0) for each in having]
        ratios = [new / old for old, new in zip(before, after, strict=True)]
        cells += [f"{median(before):.1f}", f"{median(after):.1f}", f"{median(ratios):.2f}"]
    return cells


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    serving.load_options(parser)
    parser.set_defaults(connections=[256])
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        rows = measure(options, Path(folder))
    head = ["connections"]
    for heading in COMPARED.values():
        head += [f"{heading} ms/1,000", "with rules", "ratio"]
    output.table("Clicks in a hunt without and with rules", [head, *rows], options)


if __name__ == "__main__":
    main()
