"""Campaigns on the command line: one id for all doors."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio

from hunt.errors import DefinitionError, HuntNotFound, WrongState
from hunt.store.driver.pool import open_pool
from hunt.store.log import Log
from tests.cli.commands import run
from tests.store.open_log import click

TEXT = """
[campaign]
id = "advent"
title = "Advent"
doors = 3
first = {first}

[hunt]
title = "Door {{door}}"
map = {{ width = 10, height = 10 }}

[[prize]]
id = "coin"
title = "Coin"
odds = 0.5
"""


def file(folder: Path, text: str = TEXT) -> Path:
    """Write the file of a campaign whose first door opened an hour ago, for a day."""
    folder.mkdir(exist_ok=True)
    written = folder / "campaign.toml"
    opened = datetime.now(UTC).replace(microsecond=0, tzinfo=None) - timedelta(hours=1)
    written.write_text(text.format(first=opened.isoformat()))
    return written


async def play(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        await Log(pool).append("advent-01", [click("ada"), click("bob")])


def test_folder_is_applied_opened_listed_and_closed(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    file(tmp_path / "advent")
    said = run("apply", str(tmp_path / "advent"), **url).output
    assert "hunt advent-03: new, with 1 prize\n" in said
    assert "3 doors are drafts: open them with 'hunt open advent'" in said
    [row] = json.loads(run("campaigns", "--json", **url).output)
    assert (row["state"], row["states"]) == ("draft", {"draft": 3})
    assert "campaign advent is open" in run("open", "advent", **url).output
    said = run("campaigns", **url).output
    assert said == "advent  Advent  open  doors: 1 open, 2 coming\n"
    again = run("apply", str(tmp_path / "advent" / "campaign.toml"), **url).output
    assert again == "campaign advent: nothing to change\n"
    assert "campaign advent is paused" in run("pause", "advent", **url).output
    assert run("campaigns", **url).output == "advent  Advent  open  doors: 3 paused\n"
    run("open", "advent", **url)
    trio.run(play, database)
    with pytest.raises(WrongState, match="'advent-01' has clicks"):
        run("delete", "advent", **url)
    assert "3 doors ended now" in run("close", "advent", **url).output
    assert run("campaigns", **url).output == "advent  Advent  over  doors: 3 over\n"


def test_campaign_without_clicks_is_deleted(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    run("apply", str(file(tmp_path)), **url)
    assert "campaign advent is deleted, with 3 doors" in run("delete", "advent", **url).output
    assert "there are no campaigns yet" in run("campaigns", **url).output
    with pytest.raises(HuntNotFound):
        run("open", "advent", **url)


def test_winners_and_draws_of_all_doors(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    run("apply", str(file(tmp_path, TEXT.replace("0.5", "1"))), **url)
    run("open", "advent", **url)

    async def win() -> None:
        async with open_pool(database, size=1) as pool:
            won = [click("ada", "coin", points=0), click("bob", "coin", points=0)]
            await Log(pool).append("advent-01", won)

    trio.run(win)
    rows = list(csv.DictReader(io.StringIO(run("winners", "advent", **url).output)))
    assert [(row["hunt"], row["player"]) for row in rows] == [
        ("advent-01", "ada"), ("advent-01", "bob"),
    ]  # fmt: skip
    lines = run("winners", "advent", "--format", "ndjson", **url).output.splitlines()
    assert [json.loads(line)["hunt"] for line in lines] == ["advent-01"] * 2
    reports = json.loads(run("verify", "advent", "--json", **url).output)
    assert [(each["hunt"], each["right"]) for each in reports] == [
        ("advent-01", 2), ("advent-02", 0), ("advent-03", 0),
    ]  # fmt: skip
    said = run("verify", "advent", **url).output
    assert said.index("hunt advent-01:") < said.index("hunt advent-03:")
    assert said.count("It does not show that the seed was secret") == 1


def test_errors_name_the_door(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    wrong = file(tmp_path, TEXT + '[[door]]\nnumber = 2\ntitle = ""\n')
    with pytest.raises(DefinitionError, match=r"door 2: hunt\.title: must be one line"):
        run("apply", str(wrong), **url)
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match=r"campaign\.toml: cannot be read"):
        run("apply", str(tmp_path / "empty"), **url)
