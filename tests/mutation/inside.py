"""``python -m tests.mutation.inside``: the steps that need mutmut's functions."""

from __future__ import annotations

from contextlib import redirect_stdout
from pathlib import Path

import click
from mutmut.__main__ import create_mutants, run_stats_collection
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import find_mutant, get_diff_for_mutant
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.file_utils import (
    copy_also_copy_files,
    copy_src_dir,
    setup_source_paths,
    walk_mutatable_files,
)
from mutmut.workers.isolation import get_mutant_runner


@click.group()
def main() -> None:
    """Generate the mutants of the working directory, measure its tests, or show mutants."""


@main.command()
def generate() -> None:
    """Write the mutants to `mutants/`, and print their names."""
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    with Path("generate.txt").open("w", encoding="utf-8") as log, redirect_stdout(log):
        copy_src_dir()
        copy_also_copy_files()
        create_mutants(1)
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        for name in data.exit_code_by_key:
            print(name)


@main.command()
def measure() -> None:
    """Run the tests, and write down which of them call each function, and their times."""
    setup_source_paths()
    run_stats_collection(get_mutant_runner(1))


@main.command()
@click.argument("names", nargs=-1)
def show(names: tuple[str, ...]) -> None:
    """Print the difference that each mutant makes."""
    for name in names:
        print(f"# {name}")
        print(get_diff_for_mutant(name, path=find_mutant(name).path))


if __name__ == "__main__":
    main()
