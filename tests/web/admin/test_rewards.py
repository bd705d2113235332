"""Operators read, send and void rewards."""

from __future__ import annotations

import csv
import io
import re

import psycopg
import pytest
from psycopg import sql

from hunt.store.players import EXPORT, RECORDS
from tests.support.claims import FIELDS, claim, claiming
from tests.support.operators import ADMIN, HUNTS, act, audit_trail, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer
from tests.support.words import has_word

REWARDS = f"{HUNTS}/harbour/rewards"


def as_role(client: Client, *roles: str) -> None:
    client.headers.update(bearer("eve", audience="hunt-admin", roles=roles))


async def test_reward_is_shown_with_its_fields_to_fulfilment_only(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        await claim(client)
        as_role(client, "fulfilment")
        shown = await act(client, "GET", f"{REWARDS}/1")
        assert (shown["player"], shown["state"], shown["fields"]) == ("ada", "claimed", FIELDS)
        [change] = shown["history"]
        assert (change["number"], change["state"], change["actor"]) == (1, "claimed", None)
        as_role(client, "support")
        assert "fields" not in await act(client, "GET", f"{REWARDS}/1")
        as_role(client, "viewer", "designer")
        assert_problem(await client.get(f"{REWARDS}/1"), 403)
        operator(client)
        assert (await act(client, "GET", f"{REWARDS}/1"))["fields"] == FIELDS
        for seq in ("2", "x"):
            assert_problem(await client.get(f"{REWARDS}/{seq}"), 404)
        assert_problem(await client.get(f"{HUNTS}/nowhere/rewards/1"), 404)
        reads = [each for each in await audit_trail(client) if each["action"] == "reward"]
        assert [each["detail"]["fields"] for each in reads] == [True, False, True]
        assert "example.org" not in str(reads)


async def test_rewards_are_sent_and_voided(database: str) -> None:
    async with claiming(database) as client:
        for _ in range(3):
            await client.click()
        await claim(client)
        as_role(client, "fulfilment")
        refused = await client.post(f"{REWARDS}/sent", json={"seqs": [1, 2]})
        assert_problem(refused, 409)
        assert refused.json()["errors"] == {"2": "is not claimed yet"}
        assert_problem(await client.post(f"{REWARDS}/void", json={"seqs": [2]}), 403)
        sent = await act(client, "POST", f"{REWARDS}/sent", json={"seqs": [1]})
        assert sent == {"state": "sent", "rewards": [{"seq": 1, "before": "claimed"}], "skipped": 0}
        as_role(client, "operator")
        body = {"player": "ada", "reason": "a bot"}
        void = await act(client, "POST", f"{REWARDS}/void", json=body)
        assert void["skipped"] == 1
        assert [each["seq"] for each in void["rewards"]] == [2, 3]
        [coin, _] = (await act(client, "GET", f"{HUNTS}/harbour/stock"))["prizes"]
        assert coin["stock_left"] == 2
        assert_problem(await client.post(f"{REWARDS}/sent", json={"seqs": [2]}), 409)
        assert_problem(await client.post(f"{HUNTS}/nowhere/rewards/sent", json={"seqs": [1]}), 404)
        [trail] = [each for each in await audit_trail(client) if each["action"] == "void"]
        assert (trail["actor"], trail["hunt"]) == ("eve", "harbour")
        assert trail["detail"]["before"] == {"2": "granted", "3": "granted"}
        assert trail["detail"]["after"] == {"2": "void", "3": "void"}
        assert trail["detail"]["reason"] == "a bot"


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("sent", {}, "seqs"),
        ("sent", {"seqs": []}, "seqs"),
        ("sent", {"seqs": [0]}, "seqs"),
        ("sent", {"seqs": [True]}, "seqs"),
        ("sent", {"seqs": [1] * 1001}, "seqs"),
        ("sent", {"seqs": [1], "player": "ada"}, "player"),
        ("void", {"seqs": [1]}, "reason"),
        ("void", {"seqs": [1], "reason": ""}, "reason"),
        ("void", {"seqs": [1], "reason": "a\nb"}, "reason"),
        ("void", {"seqs": [1], "reason": "x" * 201}, "reason"),
        ("void", {"seqs": [1], "player": "ada", "reason": "x"}, "player"),
        ("void", {"player": "a b", "reason": "x"}, "player"),
    ],
)
async def test_wrong_body_is_named(
    database: str, path: str, body: dict[str, object], wrong: str
) -> None:
    async with claiming(database) as client:
        operator(client)
        refused = await client.post(f"{REWARDS}/{path}", json=body)
        assert_problem(refused, 400)
        assert list(refused.json()["errors"]) == [wrong]


async def test_winners_have_states_and_on_request_fields(database: str) -> None:
    async with claiming(database) as client:
        for _ in range(3):
            await client.click()
        await claim(client)
        await claim(client, 2)
        operator(client)
        await act(client, "POST", f"{REWARDS}/sent", json={"seqs": [1]})
        page = await act(client, "GET", f"{HUNTS}/harbour/winners")
        assert [each["state"] for each in page["winners"]] == ["sent", "claimed", "granted"]
        times = [(each["claimed_at"] is None, each["sent_at"] is None) for each in page["winners"]]
        assert times == [(False, False), (False, True), (True, True)]
        assert "fields" not in page["winners"][0]
        for state, seqs in (("sent", [1]), ("granted", [3]), ("void", [])):
            page = await act(client, "GET", f"{HUNTS}/harbour/winners?state={state}&fields=true")
            assert [each["seq"] for each in page["winners"]] == seqs
            if state == "sent":
                assert page["winners"][0]["fields"] == FIELDS
        table = await client.get(f"{HUNTS}/harbour/winners?format=csv&fields=true")
        rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
        assert [("ada@example.org" in row["fields"], row["state"]) for row in rows] == [
            (True, "sent"), (True, "claimed"), (False, "granted"),
        ]  # fmt: skip


async def test_export_has_everything_about_a_player(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        await claim(client)
        await client.get("/v1/hunts/harbour/leaderboard")
        operator(client)
        await client.post(f"{ADMIN}/bans", json={"player": "ada", "reason": "too quick"})
        export = await act(client, "GET", f"{ADMIN}/players/ada")
        [click] = export["clicks"]
        assert (click["state"], click["fields"]) == ("claimed", FIELDS)
        assert [each["state"] for each in click["history"]] == ["claimed"]
        records = export["records"]
        assert records["leaderboard"] == [{"hunt": "harbour", "points": 5, "wins": 1}]
        assert [each["action"] for each in records["audit"]] == ["ban", "export"]
        [ban] = records["bans"]
        assert (ban["hunt"], ban["reason"], ban["until"]) == (None, "too quick", None)
        as_role(client, "support")
        export = await act(client, "GET", f"{ADMIN}/players/ada")
        assert export["clicks"][0]["fields"] is None
        client.headers.update(bearer("root", audience="hunt-admin", hunts=["harbour"]))
        assert "records" not in await act(client, "GET", f"{ADMIN}/players/ada")


def test_every_table_with_players_is_in_the_export(database: str) -> None:
    exported = " ".join([EXPORT, *RECORDS.values()])
    with psycopg.connect(database) as conn:
        tables = conn.execute(
            """
            select table_name from information_schema.columns
             where table_schema = 'public' and column_name = 'player'
               and table_name !~ '^rewards_[0-9]'
            """
        ).fetchall()
    missing = {name for (name,) in tables if not re.search(rf"from {name}\b", exported)}
    assert len(tables) > 5
    assert missing == set()


async def test_after_erasure_no_table_has_the_id(database: str) -> None:
    async with claiming(database) as client:
        client.headers.update(bearer("ada-of-this-test"))
        assert (await client.put("/v1/name", json={"name": "Lovelace"})).is_success
        await client.click()
        await claim(client)
        await client.get("/v1/hunts/harbour/leaderboard")
        operator(client)
        path = f"{ADMIN}/players/ada-of-this-test"
        await act(client, "GET", path)
        await client.post(f"{ADMIN}/bans", json={"player": "ada-of-this-test", "void": True})
        await act(client, "PUT", f"{path}/name", json={"refused": True})
        await act(client, "GET", f"{HUNTS}/harbour/anomalies")
        assert contents(database).count("ada-of-this-test") > 3
        await act(client, "DELETE", path)
        found = contents(database)
        assert "ada-of-this-test" not in found
        assert "Lovelace" not in found


def contents(database: str) -> str:
    """Return the rows of all tables as text."""
    with psycopg.connect(database) as conn:
        tables = conn.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE'"
        ).fetchall()
        return "\n".join(
            row
            for (name,) in tables
            for (row,) in conn.execute(
                sql.SQL("select t::text from {} t").format(sql.Identifier(name))
            )
        )


async def test_after_erasure_no_export_and_no_entry_brings_the_id_back(database: str) -> None:
    async with claiming(database) as client:
        await client.click()
        await claim(client)
        operator(client)
        await act(client, "GET", f"{ADMIN}/players/ada")
        erased = await act(client, "DELETE", f"{ADMIN}/players/ada")
        await act(client, "GET", f"{ADMIN}/players/ada")
        found = [
            await act(client, "GET", f"{ADMIN}/players/{erased['now']}"),
            await act(client, "GET", f"{HUNTS}/harbour/winners?fields=true"),
            await act(client, "GET", f"{ADMIN}/audit"),
            await act(client, "GET", f"{REWARDS}/1"),
        ]
        assert not has_word(found, "ada")
        assert "example.org" not in str(found)
        assert (
            found[0]["clicks"][0] | {"x": None, "y": None, "fields": None} == found[0]["clicks"][0]
        )
        entries = (await act(client, "GET", f"{ADMIN}/audit?player=ada"))["entries"]
        assert {each["action"] for each in entries} == {"export"}
        assert_problem(await client.get(f"{ADMIN}/audit?player=a%20b"), 400)
