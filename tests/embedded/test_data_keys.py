"""The keys of the data folder: made once, private, and never replaced."""

from __future__ import annotations

import importlib.util
import os
import stat
from pathlib import Path

import pytest

from hunt import values
from hunt.embedded.data_keys import data_keys, new_key
from hunt.errors import SettingsError


def test_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    keys = data_keys(folder)
    assert data_keys(folder) == keys
    assert [(id_, len(key)) for id_, key in keys] == [("embedded", 32)]
    assert stat.S_IMODE((folder / "data_keys").stat().st_mode) == 0o600
    assert os.listdir(folder) == ["data_keys"]
    assert data_keys(tmp_path / "other") != keys


def test_file_may_hold_several_keys(tmp_path: Path) -> None:
    (tmp_path / "data_keys").write_text(f"{new_key('b')},{new_key('a')}\n")
    (tmp_path / "data_keys").chmod(0o600)
    assert [id_ for id_, _ in data_keys(tmp_path)] == ["b", "a"]


def test_no_key_is_made_without_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        assert data_keys(tmp_path) == ()
        assert os.listdir(tmp_path) == []
    keys = data_keys(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert data_keys(tmp_path) == keys, "an existing file is read"


@pytest.mark.parametrize(
    ("text", "mode", "problem"),
    [
        ("", 0o600, "must be a text"),
        ("embedded:c2hvcnQ=", 0o600, "key 1 has 5 bytes instead of 32"),
        (f"a:{'A' * 43}=", 0o640, r"mode 0640.*chmod 600"),
    ],
)
def test_unusable_file_is_refused_and_kept(
    tmp_path: Path, text: str, mode: int, problem: str
) -> None:
    path = tmp_path / "data_keys"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=problem) as refused:
        data_keys(tmp_path)
    assert path.read_text() == text
    assert "c2hvcnQ" not in str(refused.value)


def test_new_keys_differ_and_are_valid_settings() -> None:
    first, second = new_key("2026"), new_key("2026")
    assert first != second
    ((id_, key),) = values.data_keys(first)
    assert id_ == "2026"
    assert len(key) == values.KEY_BYTES
