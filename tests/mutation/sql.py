"""Mutate the SQL functions by the list of `functions.py`, each in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import trio

from tests.mutation.functions import Mutant

ROOT = Path(__file__).parents[2]

#: Copied for each mutant of an SQL function; the tests of the log read nothing else.
COPIED = ("hunt", "tests")

#: Exit statuses of pytest.
PASSED, FAILED = 0, 1

#: Maximum runs of a mutant's tests if one of them fails and then passes: the machine is busy.
ATTEMPTS = 3


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
    file = folder / mutant.path
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
    command += ["--hypothesis-profile", "mutants"]
    result = await trio.run_process(
        [*command, *mutant.tests], cwd=folder, env=environment, check=False, capture_stdout=True,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    output = result.stdout.decode(errors="replace")
    if result.returncode not in {PASSED, FAILED}:
        raise click.ClickException(f"pytest exited with {result.returncode}\n{output}")
    return re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
