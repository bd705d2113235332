"""``python -m tests.mutation``: run mutmut on the Python modules, then mutate the SQL functions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

import click
import trio

from tests.mutation.functions import MUTANTS, Mutant
from tests.support.database import SERVER
from tests.support.pg_hba import trusting

ROOT = Path(__file__).parents[2]

#: Copied for each mutant of an SQL function; the tests of the log read nothing else.
COPIED = ("hunt", "tests")

#: Exit statuses of pytest.
PASSED, FAILED = 0, 1

#: Times that the tests of a mutant are run, where one fails that then passes: the machine is busy.
ATTEMPTS = 3


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run one server for all mutants; yield its connection string."""
    command = [sys.executable, "-c", SERVER, str(folder), trusting(folder)["hba_file"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.terminate()


def mutate_modules(patterns: tuple[str, ...], jobs: int, environment: dict[str, str]) -> int:
    """Run mutmut over the modules of `pyproject.toml`; return its exit status."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs), *patterns]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


async def mutate_functions(
    mutants: list[Mutant], jobs: int, environment: dict[str, str]
) -> list[Mutant]:
    """Run the tests of each mutant of an SQL function; return the mutants that survive."""
    survivors: list[Mutant] = []
    limiter = trio.CapacityLimiter(jobs)

    async def run(mutant: Mutant) -> None:
        async with limiter:
            with tempfile.TemporaryDirectory(prefix="hunt-mutant-") as name:
                folder = Path(name)
                write(mutant, folder)
                failed = await killers(mutant, folder, environment)
        print(f"{'killed' if failed else 'SURVIVED'}  {mutant}  {' '.join(failed)}", flush=True)
        if not failed:
            survivors.append(mutant)

    async with trio.open_nursery() as nursery:
        for mutant in mutants:
            nursery.start_soon(run, mutant)
    return survivors


def write(mutant: Mutant, folder: Path) -> None:
    """Copy the tree into a folder, and change the function there."""
    for each in COPIED:
        shutil.copytree(ROOT / each, folder / each, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    file = folder / f"hunt/store/functions/{mutant.function}.sql"
    file.write_text(mutant.apply(file.read_text("utf-8")), "utf-8")


async def killers(mutant: Mutant, folder: Path, environment: dict[str, str]) -> list[str]:
    """Return the tests that fail because of a mutant; none where it survives."""
    for _ in range(ATTEMPTS):
        failed = await failures(mutant, folder, environment)
        if not failed or await failures(mutant, folder, environment, "--last-failed"):
            return failed
    return []


async def failures(
    mutant: Mutant, folder: Path, environment: dict[str, str], *options: str
) -> list[str]:
    """Run the tests of a mutant until one fails; return the names of those that failed."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-x", "--tb=no", *options]
    result = await trio.run_process(
        [*command, *mutant.tests], cwd=folder, env=environment, check=False, capture_stdout=True,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    output = result.stdout.decode(errors="replace")
    if result.returncode not in {PASSED, FAILED}:
        raise click.ClickException(f"pytest exited with {result.returncode}\n{output}")
    return re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)


@click.command()
@click.argument("patterns", nargs=-1)
@click.option("--jobs", default=2, show_default=True, help="Mutants that are tested at once.")
@click.option("--sql", "only_sql", is_flag=True, help="Mutate the SQL functions only.")
def main(patterns: tuple[str, ...], jobs: int, only_sql: bool) -> None:
    """Mutate the code, and report the mutants that no test kills.

    PATTERNS are names of mutants as mutmut prints them ('hunt.core.breaker.*'), or with
    --sql names of functions ('hunt_append*'); without any, all are run.
    """
    with tempfile.TemporaryDirectory(prefix="hunt-mutation-") as name, postgres(Path(name)) as dsn:
        environment = os.environ | {"HUNT_TEST_POSTGRES": dsn}
        status = 0 if only_sql else mutate_modules(patterns, jobs, environment)
        chosen = [
            each
            for each in MUTANTS
            if not patterns or any(fnmatchcase(str(each), pattern) for pattern in patterns)
        ]
        survivors = trio.run(mutate_functions, chosen, jobs, environment)
    if chosen:
        print(f"\nSQL: {len(chosen)} mutants, {len(chosen) - len(survivors)} killed")
    for each in survivors:
        print(f"survived: {each}")
    sys.exit(status or bool(survivors))


if __name__ == "__main__":
    main()
