"""Run mutmut over one part of the Python modules, in a folder of its own."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

import click

from tests.mutation.parts import Part

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("hunt", "tests", "docs", "examples", "README.md", "CHANGELOG.md", "tox.ini")

#: Options of pytest.
OPTIONS: Final = (
    "-n", "0", "-q", "-p", "no:cacheprovider", "-p", "tests.mutation.plugin",
    "--hypothesis-profile", "mutants",
    # Tests of the tests, whose examples depend on the text of the modules.
    "--deselect", "tests/testing/test_breaker_machine.py::test_broken_breaker_is_detected",
)  # fmt: skip

Verdict = Literal["killed", "survived", "timeout", "no tests", "broken"]
VERDICTS: Final[tuple[Verdict, ...]] = ("killed", "survived", "timeout", "no tests", "broken")

#: Exit statuses of a mutant's tests: pytest's, mutmut's (33), and ends by SIGXCPU.
_STATUSES: Final[dict[int, Verdict]] = {
    0: "survived",
    1: "killed",
    2: "killed",  # a test module does not even load
    5: "no tests",
    33: "no tests",
    -24: "timeout",
    24: "timeout",
    152: "timeout",
    36: "timeout",
    -9: "timeout",
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
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs)]
    # mutmut compares each name with each pattern: without any, it takes all.
    command += chosen if len(chosen) < len(every) else []
    # Its output is a progress line that is written again for each mutant.
    with (folder / "mutmut.txt").open("wb") as output:
        subprocess.run(
            command, cwd=folder, env=environment, check=False, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    found = verdicts(folder, chosen)
    if not found:  # mutmut does not show why tests fail without a mutant
        command = [sys.executable, "-m", "pytest", *OPTIONS, "-x", *part.tests]
        subprocess.run(command, cwd=folder / "mutants", env=environment, check=False)
    report(part, folder, chosen, found, environment)
    return all(found.get(each) in {"killed", "timeout"} for each in chosen)


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
        "process_isolation": "forkserver",
        "use_git_change_detection": False,
        # A mutant has four times the measured time of its tests and 40 seconds, since the
        # machine may be busy: a timeout must be a mutant that hangs.
        "timeout_constant": 10.0,
        "timeout_multiplier": 4.0,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["[tool.mutmut]", *lines, ""])


def names(folder: Path, environment: dict[str, str]) -> list[str]:
    """Generate the mutants; return their names, in the order of modules and functions."""
    return inside(folder, environment, "generate").splitlines()


def inside(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run a command of `tests.mutation.inside` in the part's folder; return its output."""
    command = [sys.executable, "-m", "tests.mutation.inside", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def draw(every: list[str], size: int, seed: int) -> list[str]:
    """Draw every n-th mutant from a random start, so that each function gets its share."""
    if size >= len(every):
        return every
    step = len(every) / size
    start = random.Random(seed).random() * step
    return [every[int(start + step * i)] for i in range(size)]


def verdicts(folder: Path, chosen: Iterable[str]) -> dict[str, Verdict]:
    """Return the verdicts on the mutants that mutmut has reached."""
    found: dict[str, Verdict] = {}
    wanted = set(chosen)
    for file in (folder / "mutants").rglob("*.meta"):
        for name, status in json.loads(file.read_text("utf-8"))["exit_code_by_key"].items():
            if name in wanted and status is not None:
                found[name] = _STATUSES.get(status, "broken")
    return found


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
        print(f"{len(chosen) - len(found)} mutants were not tested; see {folder / 'mutmut.txt'}")


def module(name: str) -> str:
    """Return the module of a mutant, from its name."""
    return name.rpartition(".")[0]
