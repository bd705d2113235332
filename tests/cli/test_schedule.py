from __future__ import annotations

import json

import pytest
import trio

from hunt.errors import EntryNotFound, HuntNotFound, InvalidRequest
from tests.cli.commands import run
from tests.store.campaigns import doors, stored
from tests.support.serving import serving

AT = ("--at", "2999-01-01T00:00:00Z")


async def with_harbour(database: str) -> None:
    async with serving(database):
        pass


def test_entries_are_added_listed_and_removed(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(with_harbour, database)
    assert run("schedule", "list", "harbour", **url).output == "nothing is scheduled\n"
    added = run("schedule", "add", "harbour", "pause", *AT, **url)
    assert added.output == "pause of hunt harbour at 2999-01-01 00:00:00 UTC (entry 1)\n"
    run("schedule", "add", "harbour", "announce", "--text", "Soon.", *AT, **url)
    run("schedule", "add", "harbour", "announce", *AT, **url)
    options = ("--prize", "coin", "--count", "5", "--within", "10m")
    run("schedule", "add", "harbour", "release", *options, *AT, **url)
    lines = run("schedule", "list", "harbour", **url).output.splitlines()
    assert lines[0].split() == ["entry", "at", "action", "state", "late", "by", "reason"]
    assert [line.split("UTC  ")[1].split("  ")[0] for line in lines[1:]] == [
        "pause", "announce a text", "withdraw the announcement", "release 5 of coin",
    ]  # fmt: skip
    found = json.loads(run("schedule", "list", "harbour", "--json", **url).output)
    assert [each["within"] for each in found] == [None, None, None, 600.0]
    removed = run("schedule", "remove", "harbour", "1", **url)
    assert removed.output == "pause at 2999-01-01 00:00:00 UTC is removed (entry 1)\n"
    with pytest.raises(EntryNotFound):
        run("schedule", "remove", "harbour", "1", **url)
    with pytest.raises(HuntNotFound):
        run("schedule", "add", "nowhere", "open", *AT, **url)
    with pytest.raises(InvalidRequest, match="not valid"):
        run("schedule", "add", "harbour", "open", "--at", "2020-01-01T00:00:00Z", **url)


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "harbour", "open"],
        ["add", "harbour", "open", "--at", "tomorrow"],
        ["add", "harbour", "open", "--at", "2999-01-01T00:00:00"],
        ["add", "harbour", "explode", *AT],
        ["add", "harbour", "release", "--count", "0", *AT],
        ["add", "harbour", "open", "--within", "soon", *AT],
        ["remove", "harbour", "x"],
    ],
    ids=" ".join,
)
def test_odd_entry_is_a_usage_error(arguments: list[str]) -> None:
    assert run("schedule", *arguments).exit_code == 2


async def with_campaign(database: str) -> None:
    async with serving(database), stored(database, doors(-0.5, 0.5)):
        pass


def test_entries_of_a_campaign_are_added_to_all_doors(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(with_campaign, database)
    added = run("schedule", "add", "advent", "close", *AT, **url)
    assert added.output == (
        "close of hunt advent-01 at 2999-01-01 00:00:00 UTC (entry 1)\n"
        "close of hunt advent-02 at 2999-01-01 00:00:00 UTC (entry 2)\n"
    )
    lines = run("schedule", "list", "advent", **url).output.splitlines()
    assert [line.split()[0] for line in lines] == ["hunt", "advent-01", "advent-02"]
    found = json.loads(run("schedule", "list", "advent", "--json", **url).output)
    assert [(each["hunt"], each["id"]) for each in found] == [("advent-01", 1), ("advent-02", 2)]
    run("schedule", "remove", "advent-02", "2", **url)
    assert len(json.loads(run("schedule", "list", "advent", "--json", **url).output)) == 1
