"""Winners as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

from msgspec.structs import replace as altered

from hunt.core import winner_formats
from hunt.store.winners import Winner

AT = datetime(2026, 11, 1, 18, 0, 0, 5, tzinfo=UTC)
ROWS = [
    Winner(7, "id", "ada", "coin", 5, AT, 1.5, 2.0, None, "sent", None, AT),
    Winner(9, "id2", "b:c", "shell", 0, AT, None, None, None, "granted"),
]


def test_csv_has_a_head_and_a_line_for_each_winner() -> None:
    text = winner_formats.csv_head() + winner_formats.csv_lines(ROWS)
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert found[0] == {
        "seq": "7", "id": "id", "player": "ada", "prize": "coin", "points": "5",
        "at": "2026-11-01T18:00:00.000005Z", "x": "1.5", "y": "2.0",
        "state": "sent", "claimed_at": "", "sent_at": "2026-11-01T18:00:00.000005Z",
    }  # fmt: skip
    assert [row["seq"] for row in found] == ["7", "9"]
    assert text.count("\r\n") == 3


def test_json_lines_are_objects() -> None:
    lines = winner_formats.json_lines(ROWS).splitlines()
    assert [json.loads(line)["player"] for line in lines] == ["ada", "b:c"]
    assert list(json.loads(lines[0])) == list(winner_formats.FIELDS)


def test_fields_of_claims_are_json_in_one_column() -> None:
    rows = [altered(ROWS[0], fields={"name": "Ada, L."}), ROWS[1]]
    columns = (*winner_formats.WINNERS, winner_formats.CLAIM)
    text = winner_formats.csv_head(columns) + winner_formats.csv_lines(rows, columns)
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["fields"] for row in found] == ['{"name":"Ada, L."}', ""]
    lines = winner_formats.json_lines(rows, columns).splitlines()
    assert [json.loads(line)["fields"] for line in lines] == [{"name": "Ada, L."}, None]
