"""A server in Python: FastAPI on uvicorn and uvloop, two workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks import serving
from benchmarks.compare.contender import Contender
from benchmarks.database import Database

_REQUIREMENTS = "requirements.txt"


def install(source: Path, folder: Path) -> Path:
    """Return a virtual environment in `folder` with the requirements of `source`.

    Raises:
        SystemExit: It cannot be installed.
    """
    wanted, installed = source / _REQUIREMENTS, folder / _REQUIREMENTS
    if not installed.exists() or installed.read_bytes() != wanted.read_bytes():
        pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            subprocess.run([*pip, "-r", wanted], check=True)
        except (OSError, subprocess.CalledProcessError) as exc:
            raise SystemExit(f"{wanted} cannot be installed: {exc}") from None
        installed.write_bytes(wanted.read_bytes())
    return folder.resolve()


def contender(
    name: str, database: Database, source: Path, venv: Path, folder: Path, *, workers: int = 2
) -> Contender:
    """Return the server.

    Args:
        name: Its name in the table.
        database: An empty database.
        source: Folder with the script ``run.sh``, which has uvicorn's settings.
        venv: The result of `install`.
        folder: Folder for temporary files.
        workers: Number of processes, >= 1.
    """
    environ = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database.url(),
        "HUNT_JWT_SECRET": serving.SECRET.decode(),
        "WORKERS": str(workers),
        "VENV": str(venv),
        "TMPDIR": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",  # another user may own the source
    }
    return Contender(
        name=name,
        hunt="demo",
        command=lambda port: ["sh", source.resolve() / "run.sh"],
        environ=environ,
        database=database,
    )
