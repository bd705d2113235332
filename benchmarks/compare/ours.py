"""hunt itself: with one or more processes, and without the fast lane."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks import serving
from benchmarks.compare.contender import Contender
from benchmarks.database import Database

#: The same hunt as that of the other servers.
DEMO = Path(__file__).with_name("demo.toml")


def contender(
    name: str, database: Database, folder: Path, *, processes: int = 1, fast: bool = True
) -> Contender:
    """Return a server with the demo hunt open.

    Args:
        name: Its name in the table.
        database: An empty database.
        folder: An empty folder for the server's files.
        processes: Number of processes, >= 1.
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
