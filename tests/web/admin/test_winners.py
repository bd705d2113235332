"""Operators list the winners of a hunt."""

from __future__ import annotations

import csv
import io
import json

from tests.support.operators import ADMIN, HUNTS, act, operator
from tests.support.problems import assert_problem
from tests.support.serving import bearer, serving

WINNERS = f"{HUNTS}/harbour/winners"


async def test_winners_are_listed_page_by_page_in_each_format(database: str) -> None:
    async with serving(database) as client:
        won = [(await client.click()).json() for _ in range(5)]
        assert_problem(await client.get(WINNERS), 401)
        operator(client)
        first = await act(client, "GET", f"{WINNERS}?limit=2")
        assert [each["id"] for each in first["winners"]] == [each["id"] for each in won[:2]]
        assert (
            first["winners"][0] | {"player": "ada", "prize": "coin", "x": 1.0}
            == (first["winners"][0])
        )
        assert first["next"] == 2
        rest = await act(client, "GET", f"{WINNERS}?after=2&prize=coin&player=ada")
        assert ([each["seq"] for each in rest["winners"]], rest["next"]) == ([3], None)
        assert (await act(client, "GET", f"{WINNERS}?player=bob"))["winners"] == []

        table = await client.get(f"{WINNERS}?format=csv&limit=2")
        assert table.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
        assert [row["id"] for row in rows] == [each["id"] for each in won[:2]]
        following = table.links["next"]["url"]
        assert following == "?format=csv&limit=2&after=2"
        last = await client.get(WINNERS + following)
        assert (last.text.count("\r\n"), "Link" in last.headers) == (2, False)
        lines = (await client.get(f"{WINNERS}?format=ndjson")).text.splitlines()
        assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]

        trail = (await act(client, "GET", f"{ADMIN}/audit?hunt=harbour"))["entries"]
        reads = [each["detail"] for each in trail if each["action"] == "winners"]
        assert reads[-2] | {"after_seq": 2, "prize": "coin"} == reads[-2]
        assert reads[-2]["player"].startswith("player-"), "a pseudonym"


async def test_wrong_filter_is_400_and_another_hunt_404_or_403(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        for query in (
            "prize=A",
            "player=a%20b",
            "since=now",
            "until=2026-01-01T00:00",
            "format=xml",
            "state=lost",
            "fields=yes",
        ):
            problem = await client.get(f"{WINNERS}?{query}")
            assert_problem(problem, 400)
            assert list(problem.json()["errors"]) == [query.partition("=")[0]]
        assert_problem(await client.get(f"{HUNTS}/nowhere/winners"), 404)
        client.headers.update(bearer("root", audience="hunt-admin", hunts=["river"]))
        assert_problem(await client.get(WINNERS), 403)
