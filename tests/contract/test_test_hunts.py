"""A test hunt is marked wherever its prizes are seen, and is listed nowhere."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import replace
from typing import Any

import pytest
import trio

from hunt.client import open_client
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.operators import ADMIN, HUNTS, act, operator
from tests.support.serving import HARBOUR, Client, serving, stream, token

TEST = replace(HARBOUR, id="test-harbour", test=True)
PATH = "/v1/hunts/test-harbour"


async def prepare(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        await Hunts(pool).open_new(TEST, seed=os.urandom(32), actor="test")


async def click(client: Client) -> dict[str, Any]:
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    answer: dict[str, Any] = (await client.post(f"{PATH}/clicks", json=body)).json()
    return answer


async def test_test_hunt_is_played_by_its_id_and_listed_nowhere(database: str) -> None:
    await prepare(database)
    async with serving(database) as client:
        listed = (await client.get("/v1/hunts")).json()["hunts"]
        assert [each["id"] for each in listed] == ["harbour"]
        assert "test" not in listed[0]
        assert "test-harbour" not in (await client.get("/")).text
        assert '"test-harbour"' in (await client.get("/?hunt=test-harbour")).text
        shown = (await client.get(PATH)).json()
        assert shown["test"] is True
        assert [each["test"] for each in shown["prizes"]] == [True, True]
        assert "test" not in (await client.get("/v1/hunts/harbour")).json()
        plain = (await client.click()).json()
        assert "test" not in plain


@pytest.mark.parametrize("transport", ["sse", "socket"])
async def test_rewards_of_a_test_hunt_are_marked_on_every_node(
    database: str, transport: str
) -> None:
    await prepare(database)
    async with serving(database) as near, serving(database) as far:
        for node in (near, far):
            async with (
                open_client(str(node.base_url), token(), context=node.tls) as player,
                player.rewards("test-harbour", transport=transport) as rewards,  # type: ignore[arg-type]
            ):
                answer = await click(near)
                assert answer["test"] is True
                with trio.fail_after(10):
                    while (reward := await anext(rewards)).seq != answer["seq"]:
                        pass
                assert reward.test
        history = (await near.get(f"{PATH}/rewards")).json()["rewards"]
        assert [each["test"] for each in history] == [True, True]


async def test_operators_see_the_mark_and_delete_a_test_hunt(database: str) -> None:
    await prepare(database)
    async with serving(database) as client:
        await click(client)
        operator(client)
        hunts = {each["id"]: each for each in (await act(client, "GET", HUNTS))["hunts"]}
        assert (hunts["test-harbour"].get("test"), hunts["harbour"].get("test")) == (True, None)
        path = f"{HUNTS}/test-harbour"
        [winner] = (await act(client, "GET", f"{path}/winners"))["winners"]
        assert winner["test"] is True
        shown = await act(client, "GET", f"{path}/rewards/{winner['seq']}")
        assert shown["test"] is True
        export = await act(client, "GET", f"{ADMIN}/players/ada")
        assert [each["test"] for each in export["clicks"]] == [True]
        assert (await act(client, "GET", f"{path}/live"))["test"] is True
        assert "test" not in await act(client, "GET", f"{HUNTS}/harbour/live")
        lines = (await client.get(f"{path}/winners?format=csv")).text.splitlines()
        assert [line.rpartition(",")[2] for line in lines] == ["test", "true"]
        lines = (await client.get(f"{path}/export?format=ndjson")).text.splitlines()
        assert [json.loads(line)["test"] for line in lines] == [True]
        async with stream(client, f"{ADMIN}/hunts/test-harbour/events?after=0") as events:
            while (event := await events.next()).event != "reward.granted":
                pass
            assert json.loads(event.data)["data"]["test"] is True
        assert await act(client, "DELETE", path) == {"deleted": "test-harbour"}
        assert (await client.delete(path)).status_code == 404
