from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from hunt.configuration import load
from hunt.settings import DECLARATIONS, Settings
from hunt.settings_file import GROUPS, WIDTH, default_file

TEXT = default_file()
VALUES = tomllib.loads(re.sub(r"^#(?=\w+ = )", "", TEXT, flags=re.MULTILINE))


def test_file_holds_every_setting_in_its_group() -> None:
    assert list(VALUES) == list(DECLARATIONS)
    for heading in GROUPS.values():
        assert f"\n# ---- {heading} ----\n" in TEXT
    assert all(len(line) <= WIDTH for line in TEXT.splitlines() if line.startswith("# "))


def test_file_changes_nothing_as_printed(tmp_path: Path) -> None:
    (tmp_path / "hunt.toml").write_text(TEXT, "utf-8")
    assert load({}, cwd=tmp_path) == load({}, cwd=tmp_path / "none")


@pytest.mark.parametrize("name", DECLARATIONS)
def test_value_is_valid_and_the_default_where_there_is_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "hunt.toml").write_text(f"{name} = {_right_side(name)}\n", "utf-8")
    value = getattr(load({}, cwd=tmp_path).settings, name)
    if not DECLARATIONS[name].default:
        assert value == next(each.default for each in fields(Settings) if each.name == name)


@pytest.mark.parametrize("name", DECLARATIONS)
def test_setting_has_the_sentence_of_the_reference(name: str) -> None:
    before, _, _ = TEXT.partition(f"\n#{name} = ")
    comment = " ".join(line[2:] for line in before.rpartition("\n\n")[2].splitlines())
    declared = DECLARATIONS[name]
    assert comment.startswith(declared.meaning.replace("`", ""))
    assert declared.parser.accepts in comment


def _right_side(name: str) -> str:
    found = re.search(rf"^#{name} = (.+)$", TEXT, re.MULTILINE)
    assert found is not None
    return found[1]
