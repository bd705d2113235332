"""The page of packages lists each extra of the package, and is written by its command."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from benchmarks.packages import EXTRAS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "packages.md").read_text("utf-8")

#: Extras for people who change hunt.
DEVELOPMENT = {"docs", "lint", "test"}


def test_every_extra_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(EXTRAS) - {""} == set(project["optional-dependencies"]) - DEVELOPMENT
    listed = re.findall(
        r"^\| `pip install '?hunt-server(?:\[(\w+)\])?'?` \| (.+?) \|", PAGE, re.MULTILINE
    )
    assert dict(listed) == EXTRAS


def test_canary_upgrades_each_package_with_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    required = project["dependencies"] + [
        each for name in set(EXTRAS) - {"", "embedded"} for each in extras[name]
    ]
    bounded = {re.split(r"[\[<>=;]", each)[0] for each in required if "<" in each.split(";")[0]}
    [line] = re.findall(
        r"pip install --quiet --upgrade (.*)", (ROOT / "tox.ini").read_text("utf-8")
    )
    assert {each.partition("[")[0] for each in line.split()} == bounded


def test_classifiers_name_the_pythons_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    classified = re.findall(r"Python :: 3\.(\d+)", " ".join(project["classifiers"]))
    [tested] = re.findall(
        r"^\[testenv:py\{([\d,]+)\}\]", (ROOT / "tox.ini").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(classified) == sorted(each.removeprefix("3") for each in tested.split(","))
