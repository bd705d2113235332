"""The programs of the how-to ``tokens.md`` sign tokens that the server accepts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hunt.service.keyring import open_tokens
from hunt.settings import Settings
from tests.support.code_blocks import ROOT, blocks
from tests.support.requirements import required

SECRETS = ("a-secret-of-at-least-32-bytes-for-tests", "an-older-secret-of-at-least-32-bytes")
COMMANDS = {"token.py": sys.executable, "token.mjs": "node", "token.php": "php"}
PROGRAMS = {
    block.comment.removeprefix("file: "): block.text
    for block in blocks(ROOT / "docs" / "how-to" / "tokens.md")
    if block.comment.startswith("file: ")
}


def program(name: str) -> Path:
    """Return the interpreter; skip the test without it, unless skipping is forbidden."""
    if name == sys.executable:
        return Path(name)
    return required(Path("/usr/bin") / name, f"Debian's {name} is not installed")


def test_every_program_is_run() -> None:
    assert PROGRAMS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_program_signs_a_token_that_the_server_accepts(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PROGRAMS[name], "utf-8")
    done = subprocess.run(
        [program(COMMANDS[name]), tmp_path / name, "ada:7"],
        env=os.environ | {"HUNT_JWT_SECRET": ",".join(SECRETS)},
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    settings = Settings(jwt_secret=tuple(each.encode() for each in SECRETS[:1]))
    identity = open_tokens(settings, clock=time.time).verify(done.stdout.strip(), "bearer")
    assert identity.player == "ada:7"
