"""A server in Rust: axum on tokio, one process with one thread per core."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks import serving
from benchmarks.compare.contender import Contender
from benchmarks.database import Database

_BINARY = "hunt-axum"


def build(source: Path, folder: Path) -> Path:
    """Return the binary: `source` itself, or the one that cargo builds from it in `folder`.

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
    """Return the server in the mode whose log keeps the same promises as hunt's.

    Args:
        name: Its name in the table.
        database: An empty database.
        binary: The result of `build`.
        interval: Milliseconds between two batches; 0: no pause.
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
