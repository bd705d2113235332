"""Operators create, change, open, pause, close and delete campaigns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hunt.core.campaign import campaign_to_json
from hunt.store.driver.pool import open_pool
from hunt.store.log import Log
from tests.store.campaigns import ADVENT, doors, stored
from tests.store.open_log import click
from tests.support.operators import ADMIN, act, operator
from tests.support.problems import assert_problem
from tests.support.serving import bearer, serving

PATH = f"{ADMIN}/campaigns/advent"


def body(*offsets: float, **fields: Any) -> dict[str, Any]:
    shown = campaign_to_json(ADVENT, doors(*offsets))
    return {name: value for name, value in shown.items() if name != "id"} | fields


async def test_campaign_is_created_opened_paused_closed_and_recorded(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        wanted = body(-0.5, 0.5)
        made = await act(client, "PUT", PATH, json=wanted)
        assert len(made.pop("changes")) == 3
        assert made == wanted | {"id": "advent"}
        assert (await act(client, "PUT", PATH, json=wanted))["changes"] == []
        changes = (await act(client, "PUT", PATH, json=wanted | {"title": "New"}))["changes"]
        assert changes == ["campaign advent: title Advent -> New"]
        opened = await act(client, "POST", f"{PATH}/open")
        assert opened["changed"] == ["advent-01", "advent-02"]
        assert [each["state"] for each in opened["doors"]] == ["open", "waiting"]
        paused = await act(client, "POST", f"{PATH}/pause")
        assert [each["state"] for each in paused["doors"]] == ["paused", "paused"]
        await act(client, "POST", f"{PATH}/close")
        assert_problem(await client.post(f"{PATH}/open"), 409)
        listed = (await act(client, "GET", f"{ADMIN}/campaigns"))["campaigns"]
        assert [(each["id"], len(each["doors"])) for each in listed] == [("advent", 2)]
        assert (await act(client, "GET", PATH))["title"] == "New"
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        actions = [each["action"] for each in trail if each["hunt"] is None]
        assert actions == [
            "campaign read", "campaign closed", "campaign paused", "campaign open",
            "campaign apply", "campaign apply",
        ]  # fmt: skip
        assert {each["actor"] for each in trail if each["hunt"] != "harbour"} == {"root"}


async def test_errors_of_a_definition_name_the_field(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        problem = assert_problem(await client.put(PATH, json=body(0.5, streak="lost")), 400)
        assert list(problem["errors"]) == ["streak"]
        other = body(0.5) | {"id": "other"}
        assert "id" in assert_problem(await client.put(PATH, json=other), 400)["errors"]
        late = body(0.5)
        past = datetime.now(UTC) - timedelta(days=9)
        late["doors"][0]["definition"] |= {"opens_at": None, "closes_at": past.isoformat()}
        problem = assert_problem(await client.put(PATH, json=late), 400)
        assert list(problem["errors"]) == ["door 1: hunt.closes_at"]
        assert_problem(await client.get(PATH), 404)


async def test_campaign_with_clicks_is_not_deleted(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5)):
        pass
    async with serving(database) as client:
        operator(client)
        async with open_pool(database, size=1) as pool:
            await Log(pool).append("advent-01", [click()])
        assert_problem(await client.delete(PATH), 409)
        assert (await act(client, "GET", PATH))["id"] == "advent"


async def test_campaign_without_clicks_is_deleted(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5)):
        pass
    async with serving(database) as client:
        operator(client)
        gone = await act(client, "DELETE", PATH)
        assert gone == {"deleted": "advent", "hunts": ["advent-01", "advent-02"]}
        for path in ("", "/open", "/close", "/pause"):
            method = "POST" if path else "DELETE"
            assert_problem(await client.request(method, f"{PATH}{path}"), 404)
        assert_problem(await client.get(f"{ADMIN}/campaigns/No%20Campaign"), 404)


async def test_a_token_for_some_hunts_must_name_every_door(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5)):
        pass
    async with serving(database) as client:
        some = {"headers": bearer("root", audience="hunt-admin", hunts=["advent-01"])}
        both = {"headers": bearer("root", audience="hunt-admin", hunts=["advent-01", "advent-02"])}
        campaigns = f"{ADMIN}/campaigns"
        assert (await client.get(campaigns, **some)).json() == {"campaigns": []}
        assert len((await client.get(campaigns, **both)).json()["campaigns"]) == 1
        assert_problem(await client.get(PATH, **some), 403)
        assert_problem(await client.post(f"{PATH}/close", **some), 403)
        assert_problem(await client.delete(PATH, **some), 403)
        assert_problem(await client.put(PATH, json=body(-0.5, 0.5), **some), 403)
        # It must not take a door away that the token does not name, either.
        assert_problem(await client.put(PATH, json=body(-0.5), **some), 403)
        assert (await client.get(PATH, **both)).status_code == 200


async def test_schedule_of_a_campaign_is_that_of_its_open_doors(database: str) -> None:
    at = "2999-01-01T00:00:00Z"
    async with stored(database, doors(-0.5, 0.5, 1.5)):
        pass
    async with serving(database) as client:
        operator(client)
        await act(client, "POST", f"{ADMIN}/hunts/advent-02/close")
        path = f"{PATH}/schedule"
        new = {"at": at, "action": "announce", "text": "Soon."}
        made = await client.post(path, json=new)
        assert made.status_code == 201
        assert [each["hunt"] for each in made.json()["entries"]] == ["advent-01", "advent-03"]
        assert (await act(client, "GET", path)) == made.json()
        [entry] = (await act(client, "GET", f"{ADMIN}/hunts/advent-01/schedule"))["entries"]
        assert (entry["text"], entry["state"]) == ("Soon.", "waiting")
        release = {"at": at, "action": "release", "prize": "coin", "count": 1}
        problem = assert_problem(await client.post(path, json=release), 400)
        assert list(problem["errors"]) == ["action"]
        old = new | {"at": "2020-01-01T00:00:00Z"}
        past = assert_problem(await client.post(path, json=old), 400)
        assert list(past["errors"]) == ["at"]
        assert len((await act(client, "GET", path))["entries"]) == 2, "all or none"
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        assert [each["hunt"] for each in trail if each["action"] == "schedule"] == [
            "advent-03", "advent-01",
        ]  # fmt: skip
        assert_problem(await client.get(f"{ADMIN}/campaigns/nowhere/schedule"), 404)
        await act(client, "POST", f"{PATH}/close")
        assert_problem(await client.post(path, json=new), 409)
        client.headers.update(bearer("root", audience="hunt-admin", hunts=["advent-01"]))
        assert_problem(await client.get(path), 403)
