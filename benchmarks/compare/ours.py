"""hunt itself, with one process or more, and with everything through Quart and Hypercorn."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks import serving
from benchmarks.compare.contender import Contender
from benchmarks.database import Database

#: The hunt that the rivals make for themselves: an equal one, for equal work.
DEMO = Path(__file__).with_name("demo.toml")


def contender(
    name: str, database: Database, folder: Path, *, processes: int = 1, fast: bool = True
) -> Contender:
    """Return a server with the demo hunt open.

    Args:
        name: What to call it.
        database: An empty one.
        folder: Of the server's own files; empty.
        processes: >= 1.
        fast: Whether clicks and streams are served below Quart.
    """
    environ = serving.environment(
        {
            "HUNT_DATABASE_URL": database.conninfo,
            "HUNT_DATA_DIR": str(folder),
            "HUNT_PROCESSES": str(processes),
            "HUNT_FAST_LANE": str(fast).lower(),
        }
    )
    for words in (["migrate"], ["apply", str(DEMO)], ["open", "demo"]):
        subprocess.run([*serving.HUNT, *words], env=environ, stdout=subprocess.DEVNULL, check=True)
    return Contender(
        name=name,
        hunt="demo",
        command=lambda port: [*serving.HUNT, "serve", "--bind", f"127.0.0.1:{port}"],
        environ=environ,
        database=database,
    )
