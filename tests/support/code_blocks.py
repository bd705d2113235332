"""Code blocks of the documents: fences, and indented lines, which are commands."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*) *$")
COMMENT = re.compile(r"^<!-- (.*) -->$")
LIST = re.compile(r"^ *([-*]|\d+\.) ")

#: The language of indented lines.
COMMANDS = "console"


@dataclass(frozen=True, slots=True)
class Block:
    """One code block of a document."""

    path: Path  #: of the document, relative to the repository
    line: int  #: of its first line
    language: str
    text: str
    comment: str  #: of the line above it, ``<!-- … -->``; empty without one

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def documents() -> list[Path]:
    """Return every document whose code blocks are checked."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> Iterator[Block]:
    """Yield the code blocks of a document, in their order."""
    lines = path.read_text("utf-8").splitlines()
    name = path.relative_to(ROOT)
    number = 0
    while number < len(lines):
        start = number
        comment = COMMENT.match(lines[number - 1]) if number else None
        said = comment[1] if comment else ""
        if fence := FENCE.match(lines[number]):
            number += 1
            while lines[number].strip() != "```":
                number += 1
            text = textwrap.dedent("\n".join(lines[start + 1 : number])) + "\n"
            yield Block(name, start + 2, fence["language"], text, said)
        elif _is_indented(lines, number):
            while number < len(lines) and (lines[number].startswith("    ") or not lines[number]):
                number += 1
            text = textwrap.dedent("\n".join(lines[start:number])).strip() + "\n"
            yield Block(name, start + 1, COMMANDS, text, said)
            continue
        number += 1


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each comment ``<!-- … -->`` of a document."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if match := COMMENT.match(line):
            yield number, match[1]


def _is_indented(lines: list[str], number: int) -> bool:
    """Return whether an indented code block begins here: after an empty line, outside a list."""
    if not lines[number].startswith("    ") or (number and lines[number - 1].strip()):
        return False
    before = [line for line in lines[:number] if line and not line.startswith(" ")]
    return not before or not LIST.match(before[-1])
