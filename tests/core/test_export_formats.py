"""The bytes of an export in each format."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta, timezone

import pyarrow
import pytest
from pyarrow import parquet

from hunt.core import export_formats
from hunt.core.export_formats import FORMATS, Format, writer
from hunt.errors import HuntError
from hunt.store.winners import Winner

HEAD = b"seq,id,player,prize,points,at,x,y,state,claimed_at,sent_at\r\n"
AT = datetime(2026, 11, 1, 18, 0, 0, 5, tzinfo=UTC)
ROWS = [
    Winner(7, "id", "ada", "coin", 5, AT, -1.5, 2.0),
    Winner(9, "id2", "-1+1", None, 0, AT + timedelta(hours=1), 0, 1, "coin"),
    Winner(10, "id3", "erased-0123456789abcdef", "coin", 5, AT, 0, 1),
]


def exported(form: Format, subject: export_formats.Subject = "clicks") -> bytes:
    output = writer(form, subject)
    return output.head() + b"".join(output.rows([row]) for row in ROWS) + output.end()


def test_csv_guards_text_that_a_spreadsheet_would_run() -> None:
    text = exported("csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["player"] for row in rows] == ["ada", "'-1+1", "erased-0123456789abcdef"]
    assert rows[0]["x"] == "-1.5"  # a number is none
    assert (rows[1]["prize"], rows[1]["sold_out"]) == ("", "coin")
    assert text.count("\r\n") == 4


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_every_beginning_of_a_formula_is_guarded(begin: str) -> None:
    row = Winner(1, "id", f"{begin}1", "coin", 5, AT, 0, 0)
    text = writer("csv", "winners").rows([row]).decode()
    assert next(csv.reader(io.StringIO(text, newline="")))[2] == f"'{begin}1"


def test_json_lines_have_the_text_itself() -> None:
    rows = [json.loads(line) for line in exported("ndjson").splitlines()]
    assert [row["player"] for row in rows] == [row.player for row in ROWS]
    assert rows[1] == {
        "seq": 9, "id": "id2", "player": "-1+1", "prize": None, "points": 0,
        "at": "2026-11-01T19:00:00.000005Z", "x": 0, "y": 1, "state": None,
        "claimed_at": None, "sent_at": None, "sold_out": "coin",
    }  # fmt: skip


def test_parquet_has_row_groups_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_formats, "GROUP", 2)
    data = exported("parquet")
    found = parquet.ParquetFile(io.BytesIO(data))
    assert [found.metadata.row_group(n).num_rows for n in range(2)] == [2, 1]
    table = found.read()
    assert table.schema.field("at").type == pyarrow.timestamp("us", tz="UTC")
    assert table.column("at").to_pylist()[0] == AT
    assert table.column("player").to_pylist() == [row.player for row in ROWS]
    assert table.column("prize").to_pylist() == ["coin", None, "coin"]
    kinds = [str(table.schema.field(name).type) for name in ("seq", "id", "points", "x")]
    assert kinds == ["int64", "string", "int64", "double"]


def test_times_are_in_utc_whatever_the_session() -> None:
    row = Winner(1, "id", "ada", "coin", 5, AT.astimezone(timezone(timedelta(hours=2))), 0, 0)
    for form in ("csv", "ndjson"):
        assert b"2026-11-01T18:00:00.000005Z" in writer(form, "winners").rows([row])


@pytest.mark.parametrize("form", FORMATS)
def test_export_without_rows_is_valid(form: Format) -> None:
    output = writer(form, "winners")
    data = output.head() + output.end()
    if form == "parquet":
        assert parquet.read_table(io.BytesIO(data)).num_rows == 0
    else:
        assert data in {b"", HEAD}


def test_parquet_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(HuntError, match=r"hunt-server\[parquet\]"):
        writer("parquet", "winners")


def test_parquet_of_a_test_hunt_marks_its_rows() -> None:
    output = writer("parquet", "clicks", "test-harbour")
    data = output.head() + output.rows(ROWS) + output.end()
    assert parquet.read_table(io.BytesIO(data)).column("test").to_pylist() == [True] * 3
