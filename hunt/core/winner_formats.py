"""Columns of winners and clicks, and their lines of CSV (RFC 4180) and of NDJSON.

This module alone decides the columns: the API of winners, webhooks and exports use it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, Literal, NamedTuple

from hunt.core.codes import Code
from hunt.core.definition import is_test
from hunt.core.wire import encode

Kind = Literal["integer", "text", "time", "number", "object", "mark"]


class Column(NamedTuple):
    """A column: the name of a field of a row, and the kind of its values."""

    name: str
    kind: Kind


WINNERS = (
    Column("seq", "integer"),
    Column("id", "text"),
    Column("player", "text"),
    Column("prize", "text"),
    Column("points", "integer"),
    Column("at", "time"),
    Column("x", "number"),
    Column("y", "number"),
    Column("state", "text"),
    Column("claimed_at", "time"),
    Column("sent_at", "time"),
)

#: Winners with their codes: for fulfilment only.  Exports and webhooks have no codes.
FULFILMENT = (*WINNERS, Column("code", "text"))

#: The fields of a claim, which are JSON in a CSV file.
CLAIM = Column("fields", "object")

CLICKS = (*WINNERS, Column("sold_out", "text"))

#: The last column of a test hunt: true in each row.
TEST = Column("test", "mark")

#: Winners of several hunts with their codes, such as the doors of a campaign.
HUNT_FULFILMENT = (Column("hunt", "text"), *FULFILMENT)

FIELDS = tuple(column.name for column in WINNERS)

#: A text that begins with one of these is a formula to a spreadsheet program.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of_hunt(hunt: str, columns: Sequence[Column]) -> Sequence[Column]:
    """Return the columns with the mark of a test hunt, if the hunt is one."""
    return (*columns, TEST) if is_test(hunt) else columns


def values(row: object, columns: Sequence[Column] = WINNERS) -> dict[str, object]:
    """Return the fields of a row as plain JSON values; times are in UTC."""
    found: dict[str, Any] = {
        name: True if kind == "mark" else getattr(row, name) for name, kind in columns
    }
    if isinstance(code := found.get("code"), Code):
        found["code"] = code.text
    for name, kind in columns:
        if kind == "time" and found[name] is not None:
            found[name] = found[name].astimezone(UTC).isoformat().replace("+00:00", "Z")
    return found


def csv_head(columns: Sequence[Column] = WINNERS) -> str:
    """Return the first line of a CSV file."""
    return ",".join(column.name for column in columns) + "\r\n"


def csv_lines(rows: Iterable[object], columns: Sequence[Column] = WINNERS) -> str:
    """Return a line of CSV for each row; a text like a formula gets an apostrophe before it."""
    text = io.StringIO()
    texts = [column.name for column in columns if column.kind == "text"]
    lines = csv.writer(text)
    for row in rows:
        found = values(row, columns)
        if fields := found.get("fields"):
            found["fields"] = encode(fields).decode()
        if TEST in columns:
            found[TEST.name] = "true"
        for name in texts:
            if str(found[name]).startswith(FORMULA):
                found[name] = f"'{found[name]}"
        lines.writerow(found.values())
    return text.getvalue()


def json_lines(rows: Iterable[object], columns: Sequence[Column] = WINNERS) -> str:
    """Return a line of JSON for each row."""
    return "".join(f"{encode(values(row, columns)).decode()}\n" for row in rows)
