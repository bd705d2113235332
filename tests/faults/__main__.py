"""``python -m tests.faults [NAME | JSON]...``: runs fault scripts, and prints the results."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import trio
from msgspec.structs import replace

from hunt.testing.checks import report
from tests.faults import overload, play, rig, table
from tests.faults.matrix import SCRIPTS
from tests.faults.script import Script, decode
from tests.support import reaper


def chosen(words: tuple[str, ...]) -> list[Script]:
    """Return the scripts of these names or JSON texts; all scripts without arguments."""
    if not words:
        return list(SCRIPTS.values())
    return [decode(word) if word.startswith("{") else SCRIPTS[word] for word in words]


def perform(script: Script, template: Path) -> rig.Result:
    """Run a script, and print its result."""
    print(f"\n{script.encode()}", flush=True)
    result = trio.run(play.run, script, template)
    shown = {name: round(value, 3) for name, value in result.figures.items()}
    print(f"{dict(result.statuses)}\n{shown}\n{report(result.violations)}")
    for each in result.failures[len(result.violations) :]:
        print(f"FAILED: {each}")
    return result


@click.command()
@click.argument("scripts", nargs=-1, metavar="[NAME | JSON]...")
@click.option("--seed", type=int, help="In place of the scripts' own.")
@click.option("--history", type=click.Path(path_type=Path), help="Where to write the last history.")
@click.option("--table", "page", type=click.Path(path_type=Path), help="Write what was measured.")
def main(
    scripts: tuple[str, ...], seed: int | None, history: Path | None, page: Path | None
) -> None:
    """Run fault scripts against real servers."""
    failed: list[str] = []
    results = []
    reaper.hold()
    with tempfile.TemporaryDirectory(prefix="hunt-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        template = trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
        for script in chosen(scripts):
            result = perform(script if seed is None else replace(script, seed=seed), template)
            results.append(result)
            if history is not None:
                history.write_bytes(result.history.encode())
            if result.failures:
                failed.append(script.name)
        if page is not None:
            figures = trio.run(overload.measure, template)
            for each in overload.failures(figures):
                print(f"FAILED: {each}")
                failed.append("overload")
            page.parent.mkdir(parents=True, exist_ok=True)
            words = {
                "commit": 2000 * overload.LATENCY,
                "batch": overload.BATCH,
                "connections": overload.CONNECTIONS,
                "closed": overload.CLOSED,
                "share": overload.NORMAL,
            }
            page.write_text(table.page(results, figures, **words), "utf-8")
    if failed:
        sys.exit(f"\nfailed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
