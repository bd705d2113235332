"""Checks the lines that the code under test logs against the reference of logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "logs.md"

#: Fields that any line may have, and that structlog or hunt's configuration handles.
_COMMON = {"event", "log_level", "level", "exc_info", "more_like_it", "rate_limited"}

#: Fields that are absent or None in some lines of an event; ``sqlstate`` may be None in any.
_OPTIONAL = {
    "breaker state changed": {"reason"},
    "click settled": {"commit"},
    "schedule entry settled": {"reason"},
    "webhook not delivered": {"seq", "status", "retry_in"},
}


@cache
def page() -> str:
    """Return the reference of logs."""
    return PAGE.read_text("utf-8")


@cache
def table() -> dict[str, tuple[set[str], bool]]:
    """Return the fields of each event of the table, and whether each of its lines has them."""
    found = {}
    for row in page()[page().index("## Events") :].splitlines():
        if row.startswith("| `"):
            _, names, _, _, given, _ = row.split("|")
            events = re.findall(r"`([^`]+)`", names)
            fields = set(re.findall(r"`([^`]+)`", given))
            found |= dict.fromkeys(events, (fields, len(events) == 1))
    return found


def wrong_with(line: EventDict) -> str | None:
    """Return what is wrong with a line; None: nothing."""
    event = str(line["event"])
    if event not in table():
        return None if f"`{event}`" in page() else f"{event!r} is not documented"
    fields, always = table()[event]
    shown = {name for name, value in line.items() if str(value) != "None"} - _COMMON
    if unknown := shown - fields:
        return f"{event!r} has fields that are not documented: {sorted(unknown)}"
    if "sqlstate" in line:
        shown.add("sqlstate")
    if always and (absent := fields - shown - _OPTIONAL.get(event, set())):
        return f"{event!r} lacks {sorted(absent)}"
    return None


@contextmanager
def checked() -> Iterator[list[str]]:
    """Yield what is wrong with the lines that are logged in the block."""
    wrong: list[str] = []

    def check(logger: object, method: str, line: EventDict) -> EventDict:
        if (found := wrong_with(line)) is not None:
            wrong.append(found)
        return line

    original = LogCapture.__call__

    def capture(self: LogCapture, logger: object, method: str, line: EventDict) -> None:
        check(logger, method, line)
        original(self, logger, method, line)

    before = structlog.get_config()
    structlog.configure(processors=[check, *before["processors"]])
    LogCapture.__call__ = capture  # type: ignore[method-assign,assignment]
    try:
        yield wrong
    finally:
        LogCapture.__call__ = original  # type: ignore[method-assign]
        structlog.configure(**before)


@pytest.fixture(autouse=True)
def documented_lines() -> Iterator[None]:
    """Fail a test in which a line is logged that the reference describes differently."""
    with checked() as wrong:
        yield
    assert wrong == []
