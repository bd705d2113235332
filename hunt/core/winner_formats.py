"""Winners as lines of CSV (RFC 4180) and of newline-delimited JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from hunt.core.wire import encode

FIELDS = ("seq", "id", "player", "prize", "points", "at", "x", "y")


def values(row: object) -> dict[str, object]:
    """Return the fields of a winner as plain JSON values."""
    found = {name: getattr(row, name) for name in FIELDS}
    return found | {"at": found["at"].isoformat().replace("+00:00", "Z")}


def csv_head() -> str:
    """Return the first line of a CSV file."""
    return ",".join(FIELDS) + "\r\n"


def csv_lines(rows: Iterable[object]) -> str:
    """Return a line of CSV for each winner."""
    text = io.StringIO()
    csv.writer(text).writerows(values(row).values() for row in rows)
    return text.getvalue()


def json_lines(rows: Iterable[object]) -> str:
    """Return a line of JSON for each winner."""
    return "".join(f"{encode(values(row)).decode()}\n" for row in rows)
