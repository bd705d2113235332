"""The printed completion scripts, each in its shell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hunt.cli import COMMANDS
from tests.cli.commands import run

#: Source the script, complete the words of the command line, and print the answers.
BASH = """\
set -eu
source hunt.bash
complete -p hunt >/dev/null
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_hunt_completion hunt
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the script for bash, and a ``hunt`` to complete."""
    found = tmp_path_factory.mktemp("completion")
    (found / "hunt.bash").write_text(run("completion", "bash").output, "utf-8")
    command = found / "hunt"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hunt "$@"\n')
    command.chmod(0o755)
    return found


def completions(folder: Path, *words: str) -> list[str]:
    """Return what bash completes the last word to."""
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", BASH, "bash", *words],
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout.split()


def test_bash_completes_commands_options_and_choices(folder: Path) -> None:
    assert completions(folder, "hunt", "") == list(COMMANDS)
    assert completions(folder, "hunt", "do") == ["doctor"]
    assert completions(folder, "hunt", "config", "--de") == ["--default"]
    assert completions(folder, "hunt", "completion", "") == ["bash", "zsh", "fish"]
    assert completions(folder, "hunt", "bench", "g") == ["game"]
    assert completions(folder, "hunt", "--v") == ["--version"]


@pytest.mark.parametrize(
    ("shell", "part"), [("zsh", "compdef _hunt_completion hunt"), ("fish", "complete --no-files")]
)
def test_script_registers_the_command(shell: str, part: str) -> None:
    assert part in run("completion", shell).output


def test_commands_are_completed_without_importing_them() -> None:
    script = (
        "import sys, click; from hunt.cli import hunt\n"
        "names = [each.value for each in hunt.shell_complete(click.Context(hunt), 's')]\n"
        "print(names, sorted(each for each in sys.modules if each.startswith('hunt.cli.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['serve', 'schedule', 'seed-share', 'simulate', 'size'] []\n"
