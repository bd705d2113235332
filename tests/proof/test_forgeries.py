"""Each program accepts an honest bundle, and names each forgery."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.proof.bundles import Json, Story, write
from tests.proof.forgeries import FORGERIES, LATER, forged, honest
from tests.proof.programs import PROGRAMS, Found, Program


@pytest.fixture(params=sorted(PROGRAMS))
def program(request: pytest.FixtureRequest) -> Program:
    if request.param == "javascript" and shutil.which("node") is None:
        pytest.skip("there is no node")
    return PROGRAMS[request.param]


@pytest.mark.parametrize("packed", [pytest.param(True, id="gzip"), pytest.param(False, id="plain")])
def test_honest_bundle_holds_with_all_receipts(
    program: Program, tmp_path: Path, packed: bool
) -> None:
    genuine = honest()
    bundle = write(tmp_path / "bundle", genuine.lines, packed=packed)
    assert program(bundle, genuine.answers, genuine.seal) == Found({}, len(genuine.answers))


def test_bundle_of_two_shares_holds(program: Program, tmp_path: Path) -> None:
    story = Story(shared=True)
    bundle = write(tmp_path / "bundle", story.lines())
    assert program(bundle, story.answers, None) == Found({}, len(story.answers))


def most_clicks(lines: list[Json]) -> int:
    """Return the largest number of clicks of one player."""
    rows = (row for line in lines if line["kind"] == "batch" for row in line["rows"])
    return max(Counter(row["player"] for row in rows).values())


def test_bundle_of_a_hunt_that_changed_holds(program: Program, tmp_path: Path) -> None:
    story = Story(later=LATER)
    lines = story.lines()
    assert most_clicks(lines) == 14 < most_clicks(Story().lines()), "some met the new limit"
    bundle = write(tmp_path / "bundle", lines)
    assert program(bundle, story.answers, None) == Found({}, len(story.answers))


def test_receipt_holds_after_its_player_was_erased(program: Program, tmp_path: Path) -> None:
    from hunt.core import chain

    genuine = honest()
    lines = [dict(each) for each in genuine.lines]
    for line in lines:
        if line["kind"] == "batch" and line["first"] > 100:
            row = dict(line["rows"][0])
            made = chain.leaf(row.pop("id"), row.pop("player"), row.pop("x"), row.pop("y"))
            line["rows"] = [row | {"leaf": made.hex()}, *line["rows"][1:]]
            break
    bundle = write(tmp_path / "bundle", lines)
    assert program(bundle, genuine.answers, genuine.seal).failures == {}


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_forgery_is_found_and_named(name: str, program: Program, tmp_path: Path) -> None:
    lines, answers, seal = forged(name)
    found = program(write(tmp_path / "bundle", lines), answers, seal).failures
    forgery = FORGERIES[name]
    if "first" in found:
        assert re.search(forgery.first, found["first"]), found
    else:
        assert re.search(forgery.names, found.get(forgery.step, "")), found
