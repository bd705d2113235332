"""Run a command of hunt in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from hunt.cli import hunt

DEMO = str(Path(__file__).parents[2] / "hunt" / "harbour.toml")


def run(*arguments: str, **environ: str) -> Result:
    """Run a command in this process; its unexpected exceptions are raised here."""
    clean = {name: None for name in os.environ if name.startswith("HUNT_")}
    return CliRunner().invoke(hunt, list(arguments), env=clean | environ, catch_exceptions=False)


def hunt_process(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
    command = [sys.executable, "-m", "hunt", *arguments]
    return subprocess.run(command, env=kept | environ, capture_output=True, text=True, check=False)
