"""The changelog against the program."""

from __future__ import annotations

import re
from pathlib import Path

from hunt.cli import COMMANDS

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def test_changelog_lists_every_command_in_the_order_of_the_help() -> None:
    text = CHANGELOG.read_text("utf-8")
    [line] = re.findall(r"^- Commands: (.*); see `hunt --help`", text, re.MULTILINE)
    assert re.findall(r"`([a-z-]+)`", line) == list(COMMANDS)
