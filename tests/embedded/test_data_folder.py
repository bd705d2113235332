"""The data folder of the embedded PostgreSQL."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hunt.embedded import data_folder
from hunt.errors import SettingsError


def test_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'hunt-server\[embedded\]'"):
        data_folder.open_cluster(tmp_path)
