"""The rival in Python: FastAPI on uvicorn and uvloop, two workers."""

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
    """Return a virtual environment in `folder` with what `source` requires.

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
        name: What to call it.
        database: An empty one.
        source: Folder of its script ``run.sh``, which has uvicorn's settings.
        venv: As `install` returns it.
        folder: Of its temporary files.
        workers: Processes, >= 1.
    """
    environ = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database.url(),
        "HUNT_JWT_SECRET": serving.SECRET.decode(),
        "WORKERS": str(workers),
        "VENV": str(venv),
        "TMPDIR": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",  # its source may be anybody's
    }
    return Contender(
        name=name,
        hunt="demo",
        command=lambda port: ["sh", source.resolve() / "run.sh"],
        environ=environ,
        database=database,
    )
