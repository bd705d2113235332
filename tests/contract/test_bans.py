"""Bans of players and networks, over each way in."""

from __future__ import annotations

import json
import operator
import uuid
from typing import Any

import pytest
import trio

from hunt.store.bans import NewBan
from tests.contract.test_expiry import assert_ends, code_of, live
from tests.core.test_bans import ban as banned_client
from tests.support.problems import assert_slug
from tests.support.raw_websocket import next_of, opened
from tests.support.serving import Client, bearer, serving

ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def ban(client: Client, **given: Any) -> int:
    """Ban, and return the ban's id once this process obeys it."""
    added = await client.engine.store.bans.add(NewBan(**given), actor="eve")
    await obeyed(client, lambda ids: added.id in ids)
    return added.id


async def obeyed(client: Client, condition: Any) -> None:
    with trio.fail_after(10):
        while not condition({each.id for each in client.engine.ban_reader._known}):
            await trio.sleep(0.01)


async def test_clicks_of_a_banned_player_are_refused_and_not_recorded(database: str) -> None:
    async with serving(database) as client:
        settled = (await client.click()).json()
        number = await ban(client, player="ada", hunt="harbour")
        assert_slug(await client.click(), 403, "banned")
        assert_slug(await client.click(id=settled["id"]), 403, "banned")
        assert (await client.get("/v1/hunts/harbour/rewards")).status_code == 200
        client.headers.update(bearer("bob"))
        assert (await client.click()).json()["seq"] == 2
        client.headers.update(bearer("ada"))
        await client.engine.store.bans.remove(number, actor="eve")
        await obeyed(client, operator.not_)
        assert (await client.click()).json()["seq"] == 3


async def test_clicks_from_a_banned_network_are_refused(database: str) -> None:
    async with serving(database) as client:
        await ban(client, network="127.0.0.0/8")
        assert_slug(await client.click(), 403, "banned")


@pytest.mark.parametrize("scope", ["own", "all"])
async def test_streams_of_a_banned_player_end_and_are_refused(database: str, scope: str) -> None:
    async with serving(database) as client:
        async with live(client, params={"scope": scope}) as events:
            client.headers.update(bearer("bob"))
            async with live(client, params={"scope": scope}) as others:
                await ban(client, player="ada")
                await assert_ends(events)
                assert (await client.click()).status_code == 200
                assert (await others.next()).event == ("wins" if scope == "all" else "reward")
        client.headers.update(bearer("ada"))
        refused = await client.get("/v1/hunts/harbour/events", params={"scope": scope})
        assert_slug(refused, 403, "banned")


async def test_streams_of_a_banned_network_end(database: str) -> None:
    async with serving(database) as client, live(client) as events:
        await ban(client, network="127.0.0.1", hunt="harbour")
        await assert_ends(events)


async def test_socket_of_a_banned_player_is_closed_and_refused(database: str) -> None:
    async with serving(database) as client:
        async with opened(client, **bearer("ada")) as socket:
            assert (await next_of(socket))[0] == "hello"
            await ban(client, player="ada", hunt="harbour")
            assert await code_of(socket) == 4403
        async with opened(client, **bearer("ada")) as another:
            assert await code_of(another) == 4403


async def test_click_on_an_open_socket_is_refused_at_once(database: str) -> None:
    async with serving(database) as client, opened(client, **bearer("ada")) as socket:
        assert (await next_of(socket))[0] == "hello"
        # The streams have not been ended yet: the click itself must be refused.
        client.engine.bans.replace([banned_client(player="ada")])
        click = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
        await socket.send_message(json.dumps({"click": click}))
        while (message := await next_of(socket))[0] != "refused":
            pass
        assert (message[1]["id"], message[1]["status"]) == (click["id"], 403)


async def test_guests_of_a_banned_network_get_no_session(database: str) -> None:
    async with serving(database) as client:
        del client.headers["Authorization"]
        made = await client.post("/v1/session", headers=ORIGIN)
        assert made.status_code == 201
        number = await ban(client, player=made.json()["player"])
        assert_slug(await client.post("/v1/session", headers=ORIGIN), 403, "banned")
        await client.engine.store.bans.remove(number, actor="eve")
        await ban(client, network="127.0.0.1", hunt="harbour")
        assert (await client.post("/v1/session", headers=ORIGIN)).status_code == 200
        await ban(client, network="127.0.0.1")
        assert_slug(await client.post("/v1/session", headers=ORIGIN), 403, "banned")
        client.cookies.clear()
        assert_slug(await client.post("/v1/session", headers=ORIGIN), 403, "banned")


async def test_ban_that_is_over_is_not_obeyed(database: str) -> None:
    async with serving(database) as client:
        await client.engine.store.bans.add(NewBan(player="ada", seconds=0.001), actor="eve")
        await client.engine.ban_reader._refresh()
        assert (await client.click()).status_code == 200
