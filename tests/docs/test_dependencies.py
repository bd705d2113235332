"""The oldest versions of dependencies are those that SECURITY.md gives the reasons for."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_floors_are_those_of_the_table_of_advisories() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["jwks"]]
    floors = dict(
        match.groups()
        for each in required
        if (match := re.match(r"([A-Za-z0-9_-]+)(?:\[\w+\])?>=([0-9.]+)", each))
    )
    table = (ROOT / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (\w+) \| ([0-9.]+) \| .*(?:CVE|GHSA)-", table, re.MULTILINE)
    assert len(rows) >= 6
    for package, floor in rows:
        assert floors[package] == floor
        installed = tuple(map(int, version(package).split(".")[:3]))
        assert installed >= tuple(map(int, floor.split(".")))
