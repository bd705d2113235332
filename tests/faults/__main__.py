"""``python -m tests.faults [NAME | JSON]...``: runs fault scripts, and says how they went."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import trio
from msgspec.structs import replace

from hunt.testing.oracle import report
from tests.faults import rig
from tests.faults.matrix import SCRIPTS
from tests.faults.script import Script, decode


def chosen(words: tuple[str, ...]) -> list[Script]:
    """Return the scripts that are named, or written out; all where there is none."""
    if not words:
        return list(SCRIPTS.values())
    return [decode(word) if word.startswith("{") else SCRIPTS[word] for word in words]


@click.command()
@click.argument("scripts", nargs=-1, metavar="[NAME | JSON]...")
@click.option("--seed", type=int, help="In place of the scripts' own.")
@click.option("--history", type=click.Path(path_type=Path), help="Where to write the last history.")
def main(scripts: tuple[str, ...], seed: int | None, history: Path | None) -> None:
    """Run fault scripts against real servers."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="hunt-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        template = trio.run(rig.prepare, Path(folder, "template"))
        for script in chosen(scripts):
            given = script if seed is None else replace(script, seed=seed)
            print(f"\n{given.encode()}", flush=True)
            result = trio.run(rig.run, given, template / "postgresql")
            if history is not None:
                history.write_bytes(result.history.encode())
            shown = {name: round(value, 3) for name, value in result.figures.items()}
            print(f"{dict(result.statuses)}\n{shown}")
            print(report(result.violations))
            for each in result.failures[len(result.violations) :]:
                print(f"FAILED: {each}")
            failed = failed or bool(result.failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
