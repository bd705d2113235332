"""The rival in Rust: axum on tokio, one process with a thread a core."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks import serving
from benchmarks.compare.contender import Contender
from benchmarks.database import Database

_BINARY = "hunt-axum"


def build(source: Path, folder: Path) -> Path:
    """Return the binary: `source` itself, or what cargo makes of that folder in `folder`.

    Raises:
        SystemExit: It cannot be built.
    """
    if source.is_file():
        return source.resolve()
    command = ["cargo", "build", "--release", "--locked", "--target-dir", folder]
    try:
        subprocess.run(command, cwd=source, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise SystemExit(f"{source} cannot be built: {exc}") from None
    return folder.resolve() / "release" / _BINARY


def contender(name: str, database: Database, binary: Path, *, interval: int = 0) -> Contender:
    """Return the server in the mode that keeps what hunt promises of the log.

    Args:
        name: What to call it.
        database: An empty one.
        binary: As `build` returns it.
        interval: Milliseconds between two batches; 0 sends the next as soon as it can.
    """
    environ = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database.url(),
        "HUNT_JWT_SECRET": serving.SECRET.decode(),
        "MODE": "log",
        "BATCH_MS": str(interval),
        "LOG": "warn",
    }
    return Contender(
        name=name,
        hunt="demo",
        command=lambda port: [binary],
        environ=environ,
        database=database,
    )
