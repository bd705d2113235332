"""The position of a click is sent to its player, and to no other player."""

from __future__ import annotations

import json
import uuid
from operator import itemgetter

import pytest

from hunt.core import notice
from hunt.core.events import Click
from hunt.store.driver.pool import open_pool
from hunt.store.log import Log
from tests.support.raw_websocket import next_of, opened
from tests.support.serving import serving, stream

X, Y = 0.1 + 0.2, 49.123456789012345


position = itemgetter("x", "y")


async def test_own_rewards_have_a_position(database: str) -> None:
    async with serving(database) as client, stream(client) as events:
        assert position((await client.click(x=X, y=Y)).json()) == (X, Y)
        while (event := await events.next()).event != "reward":
            pass
        assert position(json.loads(event.data)) == (X, Y)
        [reward] = (await client.get("/v1/hunts/harbour/rewards")).json()["rewards"]
        assert position(reward) == (X, Y)
        epoch = client.engine.catalogue.hunts["harbour"].epoch
        async with stream(client, headers={"Last-Event-ID": f"{epoch}-0"}) as resumed:
            while (event := await resumed.next()).event != "reward":
                pass
            assert position(json.loads(event.data)) == (X, Y)


async def test_websocket_messages_have_a_position(database: str) -> None:
    async with serving(database) as client, opened(client) as socket:
        assert (await next_of(socket))[0] == "hello"
        click = {"id": str(uuid.uuid4()), "x": X, "y": Y}
        await socket.send_message(json.dumps({"click": click}))
        told = dict([await next_of(socket), await next_of(socket)])
        assert set(told) == {"settled", "reward"}
        assert {position(each) for each in told.values()} == {(X, Y)}


@pytest.mark.parametrize(
    ("size", "twice"),
    [
        pytest.param(1, False, id="rows of hunt_commit"),
        pytest.param(1, True, id="rows of hunt_new_clicks"),
        pytest.param(notice.MOST + 1, False, id="read from the table"),
    ],
)
async def test_rewards_of_another_process_have_a_position(
    database: str, size: int, twice: bool
) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        async with stream(client) as events:
            while (await events.next()).event != "hello":
                pass
            clicks = [Click(str(uuid.uuid4()), "ada", X, Y + n / 1e6, None, 0) for n in range(size)]
            await Log(pool, by="another").append("harbour", clicks * (1 + twice), deadline=10)
            for click in clicks:
                reward = json.loads((await events.next()).data)
                assert (reward["id"], *position(reward)) == (click.id, click.x, click.y)


async def test_wins_of_others_have_no_position(database: str) -> None:
    async with serving(database) as client:
        async with stream(client, "/v1/hunts/harbour/events?scope=all") as events:
            while (await events.next()).event != "hello":
                pass
            await client.click(x=X, y=Y)
            [win] = json.loads((await events.next()).data)["wins"]
            assert set(win) == {"player", "prize", "points", "at"}
            assert b"49.12" not in events.raw
