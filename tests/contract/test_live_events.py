"""Live events over both transports, from one process to another."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

import pytest
import trio

from hunt.client import client as clients
from hunt.store.driver.pool import open_pool
from tests.support.problems import assert_problem
from tests.support.serving import Client, Stream, bearer, serving, stream, token

Transport = Literal["socket", "sse"]


class Heard:
    """Messages of one stream that are no rewards."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Any]] = []
        self.over = trio.Event()
        self._changed = trio.Event()

    def notice(self, kind: str, what: dict[str, Any]) -> None:
        self.said.append((kind, what))
        self._changed.set()
        self._changed = trio.Event()

    async def wait(self, kind: str, **members: object) -> dict[str, Any]:
        """Return the content of the first message that has these members, once it is there."""
        with trio.fail_after(10):
            while True:
                for said, what in self.said:
                    if said == kind and members.items() <= what.items():
                        return what
                await self._changed.wait()


@asynccontextmanager
async def listening(server: Client, transport: Transport) -> AsyncIterator[Heard]:
    """Follow ada's rewards on a server."""
    heard = Heard()
    url = str(server.base_url)
    async with (
        clients.open_client(url, token(), context=server.tls) as client,
        client.rewards("harbour", transport=transport, notice=heard.notice) as rewards,
        trio.open_nursery() as nursery,
    ):

        async def follow() -> None:
            async for _ in rewards:
                pass
            heard.over.set()

        nursery.start_soon(follow)
        yield heard
        nursery.cancel_scope.cancel()


def operator(server: Client) -> dict[str, str]:
    return bearer("root", audience="hunt-admin")


async def change(server: Client, act: str) -> None:
    response = await server.post(f"/v1/admin/hunts/harbour/{act}", headers=operator(server))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("transport", ["socket", "sse"])
async def test_change_on_one_server_reaches_the_streams_of_another(
    database: str, transport: Transport
) -> None:
    async with (
        serving(database) as here,
        serving(database) as there,
        listening(there, transport) as heard,
    ):
        first = await heard.wait("state")
        assert first == {"state": "open", "opens_at": None, "closes_at": None, "version": 1}
        assert await heard.wait("stock") == {"stock_left": {"coin": 3}}
        assert (await here.click()).json()["prize"] == "coin"
        await heard.wait("stock", stock_left={"coin": 2})
        await change(here, "pause")
        await heard.wait("state", state="paused")
        async with listening(there, transport) as later:
            assert (await later.wait("state"))["state"] == "paused"
            assert await later.wait("stock") == {"stock_left": {"coin": 2}}
        await change(here, "open")
        await heard.wait("state", state="open", version=1)
        await change(here, "close")
        await heard.wait("state", state="over")
        with trio.fail_after(10):
            await heard.over.wait()
        kinds = [kind for kind, _ in heard.said]
        assert kinds.count("hello") == 1
        assert "lost" not in kinds


async def test_stream_of_all_wins_gets_live_events_without_ids(database: str) -> None:
    async with serving(database) as client:
        async with stream(client, "/v1/hunts/harbour/events?scope=all", live=True) as events:
            await _until(events, "stock")
            await change(client, "pause")
            assert json.loads((await _until(events, "state")).data)["state"] == "paused"
            await change(client, "close")
            *_, last = [each for each in await events.rest() if each.event]
            assert (last.event, json.loads(last.data)["state"]) == ("state", "over")
        assert b"\nid:" not in b"\n" + events.raw


async def _until(events: Stream, kind: str) -> Any:
    while (event := await events.next()).event != kind:
        assert event.id is None
    return event


@pytest.mark.parametrize("transport", ["socket", "sse"])
async def test_announcement_reaches_every_server_and_later_streams(
    database: str, transport: Transport
) -> None:
    text = "The next chest\nopens at nine: “soon”."
    async with (
        serving(database) as here,
        serving(database) as there,
        listening(there, transport) as heard,
    ):
        await heard.wait("state")
        made = await announce(here, {"text": text})
        assert (made["number"], made["text"]) == (1, text)
        assert await heard.wait("announcement") == made
        async with listening(there, transport) as later:
            assert await later.wait("announcement") == made
        withdrawn = await announce(here, {"text": None})
        assert await heard.wait("announcement", number=2) == withdrawn
        async with listening(there, transport) as later:
            assert (await here.click()).status_code == 200
            await later.wait("state")
            assert "announcement" not in dict(later.said)
        trail = await here.get("/v1/admin/audit", headers=operator(here))
        told = [each["detail"] for each in trail.json()["entries"] if each["action"] == "announce"]
        assert told == [{"before": text, "after": None}, {"before": None, "after": text}]


@pytest.mark.parametrize(
    "body",
    [{}, {"text": 1}, {"text": ""}, {"text": "x" * 501}, {"text": "a\tb"}, {"text": "a", "b": 1}],
)
async def test_announcement_that_is_not_valid_is_refused(database: str, body: object) -> None:
    async with serving(database) as client:
        path = "/v1/admin/hunts/harbour/announcement"
        refused = await client.put(path, json=body, headers=operator(client))
        assert_problem(refused, 400)
        assert list(refused.json()["errors"]) == ["text"]
        missing = await client.put(
            path.replace("harbour", "nowhere"), json={"text": "a"}, headers=operator(client)
        )
        assert_problem(missing, 404)


async def announce(server: Client, body: object) -> dict[str, Any]:
    path = "/v1/admin/hunts/harbour/announcement"
    response = await server.put(path, json=body, headers=operator(server))
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    return made


@pytest.mark.parametrize("transport", ["socket", "sse"])
async def test_transaction_tells_one_player_on_every_server(
    database: str, transport: Transport
) -> None:
    async with (
        serving(database) as there,
        open_pool(database, size=1) as pool,
        listening(there, transport) as heard,
    ):
        await heard.wait("hello")
        tell = partial(_tell, pool, "harbour")
        await tell("bob", {"seq": 1})
        await tell("ada", {"seq": 2})
        assert await heard.wait("reward_state") == {"seq": 2}


async def _tell(pool: Any, hunt: str, player: str, data: object) -> None:
    async with pool.transaction() as conn:
        await conn.execute(
            "select hunt_live(%s, %s, 'reward_state', '1', %s::jsonb)",
            (hunt, player, json.dumps(data)),
        )
