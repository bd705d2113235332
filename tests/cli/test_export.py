from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import psycopg
import pytest
import trio
from pyarrow import parquet

from hunt.errors import HuntError, HuntNotFound
from tests.cli.commands import run
from tests.cli.test_winners import play


def test_export_writes_each_format(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(play, database)
    whole = tmp_path / "clicks.ndjson"
    options = ("--what", "clicks", "--format", "ndjson")
    done = run("export", "harbour", *options, "-o", str(whole), **url)
    assert "exported 4 clicks, up to seq 4" in done.stderr
    rows = [json.loads(line) for line in whole.read_text().splitlines()]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4]
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [whole]

    table = tmp_path / "winners.parquet"
    run("export", "harbour", "--format", "parquet", "--since-seq", "1", "-o", str(table), **url)
    assert parquet.read_table(table).column("seq").to_pylist() == [2, 3]
    rows = list(csv.DictReader(io.StringIO(run("export", "harbour", **url).stdout)))
    listed = list(csv.DictReader(io.StringIO(run("winners", "harbour", **url).stdout)))
    assert rows == [{name: row[name] for name in rows[0]} for row in listed]
    assert "code" in listed[0].keys() - rows[0].keys()
    assert run("export", "harbour", "-o", "/dev/null", **url).exit_code == 0
    assert Path("/dev/null").is_char_device()
    with psycopg.connect(database) as conn:
        trail = conn.execute("select detail from audit where action = 'export_log'").fetchall()
    assert trail[0][0] == {"what": "clicks", "format": "ndjson", "since_seq": 0}


def test_failed_export_leaves_no_file(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(play, database)
    before = tmp_path / "winners.csv"
    before.write_text("an earlier export")
    with pytest.raises(HuntNotFound):
        run("export", "nowhere", "-o", str(before), **url)
    assert before.read_text() == "an earlier export"
    assert list(tmp_path.iterdir()) == [before]
    with pytest.raises(HuntError, match="cannot be written"):
        run("export", "harbour", "-o", str(tmp_path / "no" / "file"), **url)
