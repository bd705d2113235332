"""``hunt codes`` and ``hunt keys`` on a database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from hunt.cli import hunt
from hunt.errors import InvalidRequest, SealError
from tests.cli.commands import run
from tests.support.live_codes import prepare

#: The key of `prepare`, and a new one before it.
OLD = "2026:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
NEW = f"2027:bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4=,{OLD}"


def test_codes_are_loaded_from_a_file_and_from_standard_input(
    database: str, tmp_path: Path
) -> None:
    trio.run(prepare, database, 0)
    given = {"HUNT_DATABASE_URL": database, "HUNT_DATA_KEYS": OLD}
    file = tmp_path / "codes.txt"
    file.write_bytes("\ufeffA-1\r\n  A-2 \r\n\r\n".encode())
    load = ("codes", "load", "live", "voucher")
    dry = run(*load, str(file), "--dry-run", **given).output
    assert dry == "2 codes are valid; prize voucher would have 2\n"
    done = run(*load, str(file), **given).output
    assert done == "2 codes are loaded; prize voucher has 2\n"
    piped = CliRunner().invoke(
        hunt, [*load, "-"], env=given, input="B-1\nB-2", catch_exceptions=False
    )
    assert piped.output == "2 codes are loaded; prize voucher has 4\n"
    [status] = json.loads(run("codes", "status", "live", "--json", **given).output)
    assert (status["loaded"], status["bound"], status["left"]) == (4, 0, 4)
    shown = run("codes", "status", **given).output
    assert shown == "live voucher: 4 loaded, 0 bound, 4 left  keys 2026\n"


def test_wrong_lines_are_named_and_no_code_is_shown(database: str, tmp_path: Path) -> None:
    trio.run(prepare, database, 1)
    given = {"HUNT_DATABASE_URL": database, "HUNT_DATA_KEYS": OLD}
    file = tmp_path / "codes.txt"
    lines = ["SECRET-1", "SECRET" * 500, "SECRET-1", "HUSH-0001", "SECRET-\xff"]
    file.write_bytes("\n".join(lines).encode("latin-1"))
    with pytest.raises(InvalidRequest) as refused:
        run("codes", "load", "live", "voucher", str(file), **given)
    sentence = str(refused.value)
    assert "line 2 is longer than 200 characters" in sentence
    assert "line 3 is the same code as line 1" in sentence
    assert "line 4 is loaded already" in sentence
    assert "line 5 has characters other than printable ASCII" in sentence
    assert "SECRET" not in sentence
    assert "HUSH" not in sentence


def test_keys_are_rotated_and_counted(database: str) -> None:
    trio.run(prepare, database, 3)
    given = {"HUNT_DATABASE_URL": database}
    before = json.loads(run("keys", "status", "--json", **given, HUNT_DATA_KEYS=OLD).output)
    assert before == {
        "seeds": {"2026": 1},
        "seed shares": {},
        "code keys": {"2026": 1},
        "codes": {"2026": 3},
        "claims": {},
        "webhook secrets": {},
    }
    lost = run("keys", "status", **given, HUNT_DATA_KEYS=NEW.partition(",")[0]).output
    assert lost.count("key 2026  MISSING in HUNT_DATA_KEYS") == 3
    done = run("keys", "rotate", **given, HUNT_DATA_KEYS=NEW).output
    counted = [line.split()[:2] for line in done.splitlines()]
    assert ["seeds", "1"] in counted
    assert ["codes", "3"] in counted
    after = json.loads(run("keys", "status", "--json", **given, HUNT_DATA_KEYS=NEW).output)
    assert after == {
        "seeds": {"2027": 1},
        "seed shares": {},
        "code keys": {"2027": 1},
        "codes": {"2027": 3},
        "claims": {},
        "webhook secrets": {},
    }
    with pytest.raises(SealError, match="HUNT_DATA_KEYS: not set"):
        run("keys", "rotate", **given)
