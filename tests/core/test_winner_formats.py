"""Winners as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import pytest
from msgspec.structs import replace as altered

from hunt.core import winner_formats
from hunt.core.codes import Code
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


def test_rows_of_a_test_hunt_are_marked_in_the_last_column() -> None:
    columns = winner_formats.of_hunt("test-harbour", winner_formats.WINNERS)
    assert winner_formats.csv_head(columns).endswith(",sent_at,test\r\n")
    assert winner_formats.csv_lines(ROWS, columns).count(",true\r\n") == 2
    assert json.loads(winner_formats.json_lines(ROWS[:1], columns))["test"] is True
    assert winner_formats.of_hunt("harbour", winner_formats.WINNERS) == winner_formats.WINNERS


class Coded(NamedTuple):
    """A row with the columns of fulfilment."""

    seq: int
    player: str
    at: datetime
    code: Code | None


def test_codes_are_texts_and_times_are_in_utc() -> None:
    columns = tuple(each for each in winner_formats.FULFILMENT if each.name in Coded._fields)
    rows = [
        Coded(1, "ada", AT.astimezone(timezone(timedelta(hours=2))), Code("AB-12")),
        Coded(2, "bob", AT, None),
    ]
    found = [json.loads(line) for line in winner_formats.json_lines(rows, columns).splitlines()]
    at = "2026-11-01T18:00:00.000005Z"
    assert found == [
        {"seq": 1, "player": "ada", "at": at, "code": "AB-12"},
        {"seq": 2, "player": "bob", "at": at, "code": None},
    ]


@pytest.mark.parametrize("begin", winner_formats.FORMULA)
def test_text_like_a_formula_gets_an_apostrophe(begin: str) -> None:
    rows = [Coded(-1, f"{begin}1", AT, Code(f"{begin}2"))]
    columns = tuple(each for each in winner_formats.FULFILMENT if each.name in Coded._fields)
    text = winner_formats.csv_head(columns) + winner_formats.csv_lines(rows, columns)
    [found] = csv.DictReader(io.StringIO(text, newline=""))
    assert (found["seq"], found["player"], found["code"]) == ("-1", f"'{begin}1", f"'{begin}2")
