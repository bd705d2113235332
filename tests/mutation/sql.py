"""Mutate SQL by the lists of mutants, one after another in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import trio

from tests.mutation.functions import Mutant

ROOT = Path(__file__).parents[2]

#: Copied for the mutants; their tests read nothing else.
COPIED = ("hunt", "tests", "pyproject.toml")

#: Exit statuses of pytest.
PASSED, FAILED = 0, 1

#: Runs of a test that fails, in one process: if it then passes, the machine is busy.
RETRIES = 2

#: Seconds that the tests of a mutant may take; one that hangs is killed.
TIMEOUT = 300.0

OPTIONS = (
    "-n", "0", "-q", "-x", "--tb=no", "-p", "no:cacheprovider",
    # Plugins that these tests do not use take as long to import as all other modules.
    "-p", "no:schemathesis", "-p", "no:anyio",
    "--hypothesis-profile", "mutants",
)  # fmt: skip


async def mutate_functions(
    mutants: list[Mutant], jobs: int, environment: dict[str, str]
) -> list[Mutant]:
    """Run the tests of each mutant of SQL; return the mutants that survive."""
    survivors: list[Mutant] = []
    remaining = iter(mutants)  # shared by all jobs

    async def work() -> None:
        with tempfile.TemporaryDirectory(prefix="hunt-mutant-") as name:
            folder = Path(name)
            copy(folder)
            for mutant in remaining:
                with applied(mutant, folder):
                    failed = await failures(mutant, folder, environment)
                verdict = "killed" if failed else "SURVIVED"
                print(f"{verdict}  {mutant}  {' '.join(failed)}", flush=True)
                if not failed:
                    survivors.append(mutant)

    async with trio.open_nursery() as nursery:
        for _ in range(jobs):
            nursery.start_soon(work)
    return survivors


def copy(folder: Path) -> None:
    """Copy the project into a folder, with the bytecode of its modules."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy(ROOT / name, folder)


@contextmanager
def applied(mutant: Mutant, folder: Path) -> Iterator[None]:
    """Change the file of a mutant in a copy, and restore it afterwards."""
    file = folder / mutant.path
    text = file.read_text("utf-8")
    file.write_text(mutant.apply(text), "utf-8")
    yield
    file.write_text(text, "utf-8")
    # Python compares its time in seconds, and its size: two mutants may have the same.
    for each in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        each.unlink()


async def failures(mutant: Mutant, folder: Path, environment: dict[str, str]) -> list[str]:
    """Run the tests of a mutant until one fails or hangs; return its name, in a list."""
    # Processes that tests start import the mutated code too.
    more = {"PYTHONPATH": str(folder), "HUNT_TEST_RETRIES": str(RETRIES - 1)}
    with trio.move_on_after(TIMEOUT) as limit:
        result = await trio.run_process(
            [sys.executable, "-m", "pytest", *OPTIONS, *mutant.tests], cwd=folder,
            env=environment | more, check=False, capture_stdout=True, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if limit.cancelled_caught:
        return [f"no end within {TIMEOUT:.0f} s"]
    output = result.stdout.decode(errors="replace")
    if result.returncode not in {PASSED, FAILED}:
        raise click.ClickException(f"pytest exited with {result.returncode}\n{output}")
    found = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
    return list(dict.fromkeys(found))
