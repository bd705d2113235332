"""The cost of codes: CPU of a click in a hunt whose prize has codes, and in one whose has a stock.

    python -m benchmarks.codes [--connections 256] [--seconds 4] [--rounds 3] [--odds 0.05]

One server plays both hunts in turn, so that a ratio is of neighbouring measurements.  CPU is in
milliseconds per 1,000 clicks.  It also loads the codes, and prints the time for it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, rules, serving
from hunt.bench import clicks
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.progress import ProgressLine
from hunt.bench.target import Target

HUNT = """
[hunt]
id = "{name}"
title = "Cost of codes"
map = {{ width = 100, height = 100 }}

[[prize]]
id = "voucher"
title = "Voucher"
odds = {odds}
{stock}
"""

#: Hunt -> the limit of its prize.
HUNTS = {"with-stock": "stock = 10_000_000", "with-codes": "codes = true"}


def hunt(folder: Path, *words: str) -> None:
    """Run a command on the data folder of the server."""
    command = [*serving.HUNT, *words, "--data-dir", str(folder / "data")]
    subprocess.run(command, env=serving.environment({}), check=True, stdout=subprocess.DEVNULL)


def load(folder: Path, count: int) -> float:
    """Load codes; return the seconds."""
    file = folder / "codes.txt"
    file.write_text("".join(f"VOUCHER-{number:010}\n" for number in range(count)))
    began = time.monotonic()
    hunt(folder, "codes", "load", "with-codes", "voucher", str(file))
    return time.monotonic() - began


def measure(options: argparse.Namespace, folder: Path) -> tuple[list[list[str]], float]:
    """Return the rows of the table, and the seconds to load the codes."""
    flags = ["--processes", "1", "--data-dir", str(folder / "data")]
    rows = []
    with serving.hunt(flags, {}) as (url, pid):
        for name, stock in HUNTS.items():
            file = folder / f"{name}.toml"
            file.write_text(HUNT.format(name=name, odds=options.odds, stock=stock))
            hunt(folder, "apply", str(file))
            hunt(folder, "open", name)
        loaded = load(folder, options.codes)
        processes = ServerProcesses([pid])
        for connections in options.connections:
            playing = clicks.Load(
                connections=connections, seconds=options.seconds, warmup=options.warmup
            )
            found: dict[str, list[clicks.Result]] = {name: [] for name in HUNTS}
            for _ in range(options.rounds):
                for name, results in found.items():
                    line = ProgressLine(f"{connections} connections")
                    results.append(
                        clicks.measure(
                            Target.parse(url, name), playing, serving.PLAYERS,
                            processes=processes, progress=line.clicks,
                        )
                    )  # fmt: skip
                    line.clear()
            rows.append([str(connections), *rules.compared(*found.values())])
    return rows, loaded


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    serving.load_options(parser)
    parser.set_defaults(connections=[256])
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--odds", type=float, default=0.05, help="share of clicks that win a code")
    parser.add_argument("--codes", type=int, default=1_000_000, metavar="N", help="codes to load")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        rows, loaded = measure(options, Path(folder))
    head = ["connections"]
    for heading in rules.COMPARED.values():
        head += [f"{heading} ms/1,000", "with codes", "ratio"]
    output.table("Clicks in a hunt with a stock, and with codes", [head, *rows], options)
    print(f"{options.codes:,} codes were loaded in {loaded:.1f} s")


if __name__ == "__main__":
    main()
