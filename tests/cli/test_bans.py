from __future__ import annotations

import json

import pytest
import trio

from hunt.errors import BanNotFound, HuntNotFound
from tests.cli.commands import run
from tests.support.serving import serving


async def with_harbour(database: str) -> None:
    async with serving(database):
        pass


def test_bans_are_added_listed_and_lifted(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(with_harbour, database)
    assert run("bans", **url).output == "nobody is banned\n"
    banned = run("ban", "ada", "--hunt", "harbour", "--reason", "too quick", **url)
    assert banned.output == "ada is banned from hunt harbour (ban 1)\n"
    assert "is banned from all hunts until" in run(
        "ban", "--network", "203.0.113.9", "--for", "12h", **url
    ).output  # fmt: skip
    lines = run("bans", **url).output.splitlines()
    assert lines[0].split() == ["number", "banned", "hunt", "until", "by", "reason"]
    assert lines[1].startswith("1       ada             harbour  no end")
    assert lines[1].endswith("too quick")
    assert [each["network"] for each in json.loads(run("bans", "--json", **url).output)] == [
        None, "203.0.113.9/32",
    ]  # fmt: skip
    assert run("unban", "1", **url).output == "ada is no longer banned (ban 1)\n"
    with pytest.raises(BanNotFound):
        run("unban", "1", **url)
    with pytest.raises(HuntNotFound):
        run("ban", "ada", "--hunt", "nowhere", **url)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["ada", "--network", "::1"],
        ["a b"],
        ["--network", "x"],
        ["ada", "--for", "soon"],
        ["ada", "--reason", "x" * 201],
    ],
)
def test_odd_ban_is_a_usage_error(arguments: list[str]) -> None:
    assert run("ban", *arguments).exit_code == 2
