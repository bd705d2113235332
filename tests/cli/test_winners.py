from __future__ import annotations

import csv
import io
import json
import uuid

import pytest
import trio

from hunt.errors import HuntNotFound
from tests.cli.commands import run
from tests.support.serving import bearer, serving


async def play(database: str) -> None:
    async with serving(database) as client:
        for number in range(4):  # the coin has a stock of three
            client.headers.update(bearer("ada" if number % 2 else "bob"))
            assert (await client.click(id=str(uuid.uuid4()))).status_code == 200


def test_winners_are_printed_as_csv_and_json_lines(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(play, database)
    rows = list(csv.DictReader(io.StringIO(run("winners", "harbour", **url).output)))
    assert [(row["seq"], row["player"], row["prize"]) for row in rows] == [
        ("1", "bob", "coin"), ("2", "ada", "coin"), ("3", "bob", "coin"),
    ]  # fmt: skip
    lines = run("winners", "harbour", "--player", "ada", "--format", "ndjson", **url).output
    assert [json.loads(line)["seq"] for line in lines.splitlines()] == [2]
    assert run("winners", "harbour", "--prize", "chest", **url).output.count("\n") == 1
    with pytest.raises(HuntNotFound):
        run("winners", "nowhere", **url)
    assert run("winners", "harbour", "--player", "a b", **url).exit_code == 2
