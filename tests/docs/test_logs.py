"""The reference of logs names every log event of the server, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support import log_lines

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "store_error", "_failed"}


def events(node: ast.expr) -> Iterator[str]:
    """Yield the events that the first argument of a call may be."""
    match node:
        case ast.Constant(value=str(event)):
            yield event
        case ast.IfExp(body=one, orelse=other):
            yield from events(one)
            yield from events(other)


def logged() -> set[str]:
    """Return the events that the code logs."""
    found = set()
    for path in (ROOT / "hunt").rglob("*.py"):
        if "static" in path.parts:
            continue  # programs for others, which log nothing
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=level), args=[first, *_]) if level in LEVELS:
                    found |= set(events(first))
    return found


def test_reference_names_every_log_event() -> None:
    assert {event for event in logged() if event not in log_lines.page()} == set()


def test_events_of_the_table_are_logged() -> None:
    assert log_lines.table().keys() - logged() == set()
