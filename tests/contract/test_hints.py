"""A hint is in the answer to the player who clicked without a prize, and nowhere else."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import trio
from structlog.testing import capture_logs

from hunt.core.definition import Definition, Peak, Prize
from hunt.core.maps import Map
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.raw_websocket import next_of, opened
from tests.support.serving import Client, serving, stream

COLD = Definition(
    "harbour", "Harbour night", Map.sized(100, 50), None, None, 0.0,
    (
        Prize("chest", "Chest", 9, Peak(0.0, (7, 9), 3), None, None),
        Prize("sold", "Sold out", 9, Peak(0.0, (90, 40), 3), 0, None),
    ),
    hints="warmth",
)  # fmt: skip


TRACED = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@asynccontextmanager
async def playing(database: str, definition: Definition, **options: str) -> AsyncIterator[Client]:
    """Serve a hunt with this definition; yield a client of ada."""
    async with serving(database, **options) as client, open_pool(database, size=1) as pool:
        await Hunts(pool).apply(definition, seed=bytes(32), actor="test")
        with trio.fail_after(10):
            while client.engine.catalogue.hunts["harbour"].definition != definition:
                await trio.lowlevel.checkpoint()
        yield client


async def test_answer_has_a_hint_and_nothing_else_has_it(database: str) -> None:
    async with playing(database, COLD) as client, stream(client) as events:
        first = (await client.click(x=7, y=9)).json()
        assert (first["prize"], first["hint"]) == (None, 0)
        again = (await client.click(id=first["id"], x=7, y=9)).json()
        assert (again["duplicate"], again["hint"]) == (True, 0)
        assert (await client.click(x=90, y=40)).json()["hint"] == 4, "that prize is sold out"
        while (event := await events.next()).event != "reward":
            pass
        assert "hint" not in json.loads(event.data)
        for reward in (await client.get("/v1/hunts/harbour/rewards")).json()["rewards"]:
            assert "hint" not in reward
        assert (await client.get("/v1/hunts/harbour")).json()["hints"] == "warmth"


async def test_answer_on_a_socket_has_a_hint(database: str) -> None:
    async with playing(database, COLD) as client, opened(client) as socket:
        assert (await next_of(socket))[0] == "hello"
        click = {"id": str(uuid.uuid4()), "x": 7, "y": 13}
        await socket.send_message(json.dumps({"click": click}))
        told = dict([await next_of(socket), await next_of(socket)])
        assert told["settled"]["hint"] == 1
        assert "hint" not in told["reward"]


async def test_win_has_no_hint(database: str) -> None:
    sure = replace(COLD, prizes=(replace(COLD.prizes[0], odds=Peak(1.0, (7, 9), 3)),))
    async with playing(database, sure) as client:
        assert "hint" not in (await client.click(x=7, y=9)).json()


async def test_hunt_without_hints_gives_none(database: str) -> None:
    async with playing(database, replace(COLD, hints="none")) as client:
        assert "hint" not in (await client.click(x=7, y=9)).json()
        assert "hints" not in (await client.get("/v1/hunts/harbour")).json()


async def test_click_with_a_hint_is_followed_by_its_trace(database: str) -> None:
    with capture_logs() as lines:
        async with playing(database, COLD, log_level="debug") as client:
            client.headers.update(TRACED)
            assert (await client.click(x=7, y=9)).json()["hint"] == 0
    [settled] = [each for each in lines if each["event"] == "click settled"]
    assert settled["trace_id"] in TRACED["traceparent"]
