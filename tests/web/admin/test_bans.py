"""Operators ban players and networks, and lift bans."""

from __future__ import annotations

import pytest

from tests.support.operators import ADMIN, HUNTS, RIVER, act, bound, operator
from tests.support.problems import assert_problem, assert_slug
from tests.support.serving import bearer, serving

BANS = f"{ADMIN}/bans"


async def test_ban_is_listed_lifted_and_audited(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        assert (await act(client, "GET", BANS))["bans"] == []
        body = {"player": "ada", "hunt": "harbour", "seconds": 60, "reason": "position faked"}
        made = await client.post(BANS, json=body)
        assert made.status_code == 201
        assert made.json() | body | {"network": None} == made.json() | body
        again = (await client.post(BANS, json=body | {"reason": "again"})).json()
        assert again.pop("voided") == 0
        assert again["id"] == made.json()["id"], "the same client in the same hunt"
        network = (await client.post(BANS, json={"network": "203.0.113.7"})).json()
        del network["voided"]
        assert (network["network"], network["hunt"]) == ("203.0.113.7/32", None)
        assert (await act(client, "GET", BANS))["bans"] == [again, network]
        assert await act(client, "DELETE", f"{BANS}/{again['id']}") == again
        assert_slug(await client.delete(f"{BANS}/{again['id']}"), 404, "no-such-ban")
        assert (await act(client, "GET", BANS))["bans"] == [network]
        trail = (await act(client, "GET", f"{ADMIN}/audit?hunt=harbour"))["entries"]
        assert [each["action"] for each in trail][:3] == ["unban", "ban", "ban"]
        assert trail[1]["detail"]["after"]["reason"] == "again"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "player"),
        ({"player": "ada", "network": "203.0.113.7"}, "player"),
        ({"player": "a b"}, "player"),
        ({"network": "203.0.113.300"}, "network"),
        ({"network": 5}, "network"),
        ({"player": "ada", "hunt": "NO"}, "hunt"),
        ({"player": "ada", "reason": "x" * 201}, "reason"),
        ({"player": "ada", "reason": "\0"}, "reason"),
        ({"player": "ada", "seconds": 0}, "seconds"),
        ({"player": "ada", "seconds": True}, "seconds"),
        ({"player": "ada", "seconds": 1e300}, "seconds"),
        ({"player": "ada", "who": 1}, "who"),
        ({"player": "ada", "void": 1}, "void"),
        ({"network": "203.0.113.7", "void": True}, "void"),
        ({"player": "ada", "reason": "ada cheats"}, "reason"),
    ],
)
async def test_wrong_ban_is_refused_by_name(
    database: str, body: dict[str, object], wrong: str
) -> None:
    async with serving(database) as client:
        operator(client)
        problem = assert_problem(await client.post(BANS, json=body), 400)
        assert list(problem["errors"]) == [wrong]
        assert (await act(client, "GET", BANS))["bans"] == []


async def test_token_for_one_hunt_bans_in_that_hunt_only(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        await act(client, "POST", HUNTS, json=RIVER)
        everywhere = (await client.post(BANS, json={"player": "ada"})).json()
        bound(client, "river")
        assert_problem(await client.post(BANS, json={"player": "bob"}), 403)
        assert_problem(await client.post(BANS, json={"player": "bob", "hunt": "harbour"}), 403)
        assert_problem(await client.delete(f"{BANS}/{everywhere['id']}"), 404)
        made = (await client.post(BANS, json={"player": "bob", "hunt": "river"})).json()
        del made["voided"]
        assert (await act(client, "GET", BANS))["bans"] == [made]
        assert_problem(await client.post(BANS, json={"player": "x", "hunt": "nowhere"}), 403)
        operator(client)
        assert_problem(await client.post(BANS, json={"player": "x", "hunt": "nowhere"}), 404)


async def test_erasure_of_a_player_deletes_the_bans(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        await client.post(BANS, json={"player": "ada"})
        await act(client, "DELETE", f"{ADMIN}/players/ada")
        assert (await act(client, "GET", BANS))["bans"] == []


async def test_ban_voids_all_rewards_of_the_player(database: str) -> None:
    async with serving(database) as client:
        for name in ("ada", "bob"):
            client.headers.update(bearer(name))
            assert (await client.click()).json()["prize"] == "coin"
        operator(client)
        made = await client.post(BANS, json={"player": "ada", "void": True})
        assert made.json()["voided"] == 1
        again = await client.post(BANS, json={"player": "ada", "void": True})
        assert again.json()["voided"] == 0, "they are void already"
        winners = (await act(client, "GET", f"{HUNTS}/harbour/winners"))["winners"]
        assert {each["player"]: each["state"] for each in winners} == {
            "ada": "void", "bob": "granted",
        }  # fmt: skip
