"""Test the mutants of one part of the Python modules, in a folder of its own."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

import click

from tests.mutation import forks
from tests.mutation.parts import Part

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("hunt", "tests", "docs", "examples", "README.md", "CHANGELOG.md", "tox.ini")

#: Options of pytest.
OPTIONS: Final = (
    "-n", "0", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "mutants",
    # Tests of the tests, whose examples depend on the text of the modules.
    "--deselect", "tests/testing/test_breaker_machine.py::test_broken_breaker_is_detected",
)  # fmt: skip

Verdict = Literal["killed", "survived", "timeout", "no tests", "broken"]
VERDICTS: Final[tuple[Verdict, ...]] = ("killed", "survived", "timeout", "no tests", "broken")

#: Exit statuses of the tests of a mutant; any other is "broken".
_STATUSES: Final[dict[int, Verdict]] = {
    0: "survived",
    1: "killed",
    forks.NO_TESTS: "no tests",
    -signal.SIGALRM: "timeout",
}


def mutate(
    part: Part,
    patterns: tuple[str, ...],
    sample: tuple[int, int] | None,
    jobs: int,
    environment: dict[str, str],
) -> bool:
    """Run the mutants of a part, and print the figures; return whether none survived.

    Args:
        part: Part of the code.
        patterns: Patterns of mutants' names; all where there are none.
        sample: Number of mutants and seed of the draw; all mutants if None.
        jobs: Mutants that are tested at once.
        environment: Environment variables of the tests.
    """
    folder = prepare(part)
    # Processes that tests start import the mutated code too.
    environment = {**environment, "PYTHONPATH": str(folder / "mutants")}
    every = names(folder, environment)
    chosen = [
        each for each in every
        if not patterns or any(fnmatchcase(each, pattern) for pattern in patterns)
    ]  # fmt: skip
    if not chosen:
        raise click.ClickException(f"{part.name}: no mutant has such a name")
    if sample is not None:
        chosen = draw(chosen, *sample)
    print(f"{part.name}: {len(chosen)} of {len(every)} mutants", flush=True)
    found = tested(part, folder, chosen, jobs, environment)
    report(part, folder, chosen, found, environment)
    return all(found.get(each) in {"killed", "timeout"} for each in chosen)


def tested(
    part: Part, folder: Path, chosen: list[str], jobs: int, environment: dict[str, str]
) -> dict[str, Verdict]:
    """Test the mutants; return the verdicts, none of them if the tests fail without a mutant."""
    inside(folder, environment, "measure")
    code = folder / "mutants"
    (code / forks.CHOSEN).write_text("\n".join(chosen), "utf-8")
    command = [sys.executable, "-m", "pytest", "-s", "-p", "tests.mutation.forks", *OPTIONS]
    done = subprocess.run(
        [*command, *part.tests], cwd=code, env={**environment, forks.JOBS: str(jobs)},
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if not (code / forks.TESTED).exists():
        print(done.stdout)
        return {}
    lines = (code / forks.TESTED).read_text("utf-8").splitlines()
    pairs = (line.split(" ", 1) for line in lines)
    return {name: _STATUSES.get(int(status), "broken") for status, name in pairs}


def prepare(part: Part) -> Path:
    """Copy the project for a part, with a configuration of mutmut; return the new folder."""
    folder = ROOT / "mutants" / part.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text(f"{text}\n{configuration(part)}", "utf-8")
    return folder


def configuration(part: Part) -> str:
    """Return mutmut's table of a part, in TOML."""
    settings = {
        "source_paths": ["hunt"],
        "only_mutate": list(part.modules),
        "also_copy": list(COPIED[1:]),
        "pytest_add_cli_args_test_selection": list(part.tests),
        "pytest_add_cli_args": list(OPTIONS),
        "use_git_change_detection": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["[tool.mutmut]", *lines, ""])


def names(folder: Path, environment: dict[str, str]) -> list[str]:
    """Generate the mutants; return their names, in the order of modules and functions."""
    return inside(folder, environment, "generate").splitlines()


def inside(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run a command of `tests.mutation.inside` in the part's folder; return its output."""
    command = [sys.executable, "-m", "tests.mutation.inside", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, text=True, stdout=subprocess.PIPE
    )
    if done.returncode:
        raise click.ClickException(f"{done.stdout}\n`{' '.join(arguments)}` failed")
    return done.stdout


def draw(every: list[str], size: int, seed: int) -> list[str]:
    """Draw every n-th mutant from a random start, so that each function gets its share."""
    if size >= len(every):
        return every
    step = len(every) / size
    start = random.Random(seed).random() * step
    return [every[int(start + step * i)] for i in range(size)]


def report(
    part: Part,
    folder: Path,
    chosen: list[str],
    found: dict[str, Verdict],
    environment: dict[str, str],
) -> None:
    """Print the survivors of a part, and its figures by module."""
    survivors = [each for each in chosen if found.get(each) == "survived"]
    if survivors:
        print(inside(folder, environment, "show", *survivors))
    for verdict in ("no tests", "timeout", "broken"):
        for each in chosen:
            if found.get(each) == verdict:
                print(f"{verdict}: {each}")
    print(f"\n{part.name:<28}" + "".join(f"{verdict:>10}" for verdict in VERDICTS))
    by_module: dict[str, Counter[str]] = {}
    for name in chosen:
        if name in found:
            by_module.setdefault(module(name), Counter())[found[name]] += 1
    by_module["total"] = sum(by_module.values(), Counter())
    for name, counts in by_module.items():
        print(f"{name:<28}" + "".join(f"{counts[verdict]:>10}" for verdict in VERDICTS))
    if len(found) < len(chosen):
        print(f"{len(chosen) - len(found)} mutants were not tested")


def module(name: str) -> str:
    """Return the module of a mutant, from its name."""
    return name.rpartition(".")[0]
