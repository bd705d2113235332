"""``python -m tests.mutation``: mutate the code, and report the mutants that no test kills."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

import click
import trio

from tests.mutation.functions import MUTANTS
from tests.mutation.modules import ROOT, mutate
from tests.mutation.parts import PARTS
from tests.mutation.sql import mutate_functions
from tests.mutation.statements import STATEMENTS
from tests.mutation.webhook_statements import WEBHOOK_STATEMENTS
from tests.support import reaper
from tests.support.database import SERVER
from tests.support.databases import make_template
from tests.support.pg_hba import trusting


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


def mutate_sql(patterns: tuple[str, ...], jobs: int, environment: dict[str, str]) -> bool:
    """Run the mutants of the SQL functions; return whether none survived."""
    chosen = [
        each
        for each in (*MUTANTS, *STATEMENTS, *WEBHOOK_STATEMENTS)
        if not patterns or any(fnmatchcase(str(each), pattern) for pattern in patterns)
    ]
    survivors = trio.run(mutate_functions, chosen, jobs, environment)
    for each in survivors:
        print(f"survived: {each}")
    print(f"\nsql: {len(chosen)} mutants, {len(chosen) - len(survivors)} killed")
    return not survivors


@click.command()
@click.argument("part", type=click.Choice([*(each.name for each in PARTS), "sql", "all"]))
@click.argument("patterns", nargs=-1)
@click.option("--sample", type=click.IntRange(1), help="Number of mutants to test, drawn evenly.")
@click.option("--seed", default=1, show_default=True, help="Seed of the draw.")
@click.option("--jobs", default=1, show_default=True, help="Mutants that are tested at once.")
def main(part: str, patterns: tuple[str, ...], sample: int | None, seed: int, jobs: int) -> None:
    """Mutate a PART of the code, and report the mutants that no test kills.

    PATTERNS are names of mutants as the report prints them ('hunt.core.breaker.*'), or for
    the part sql names of functions ('hunt_commit*'); without any, all of the part are run.
    """
    reaper.hold()
    with tempfile.TemporaryDirectory(prefix="hunt-mutation-") as name, postgres(Path(name)) as dsn:
        environment = os.environ | {"HUNT_TEST_POSTGRES": dsn}
        # Mutants of SQL need templates of their own.
        same_schema = environment | {"HUNT_TEST_TEMPLATE": make_template(dsn)}
        drawn = None if sample is None else (sample, seed)
        clean = [
            mutate(each, patterns, drawn, jobs, same_schema)
            for each in PARTS
            if part in {each.name, "all"}
        ]
        if part in {"sql", "all"}:
            clean.append(mutate_sql(patterns, jobs, environment))
    sys.exit(0 if all(clean) else 1)


if __name__ == "__main__":
    main()
