"""Views of a hunt: before it is opened, between `closes_at` and its end, and after."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.core.events import Click, Settlement
from hunt.core.hunt_file import to_json
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.support.problems import assert_problem
from tests.support.proxy import Proxy
from tests.support.serving import HARBOUR, Client, bearer, connected, serving

HARBOUR_PATH = "/v1/hunts/harbour"


async def shown(client: Client, hunt: str = "harbour") -> dict[str, Any]:
    response = await client.get(f"/v1/hunts/{hunt}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def wait_state(client: Client, state: str) -> dict[str, Any]:
    with trio.fail_after(20):
        while (body := await shown(client))["state"] != state:
            await trio.sleep(0.02)
    return body


async def closes_in(database: str, seconds: float) -> None:
    later = replace(HARBOUR, closes_at=datetime.now(UTC) + timedelta(seconds=seconds))
    async with open_pool(database, size=1) as pool:
        await Hunts(pool).apply(later, seed=b"", actor="operator")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> trio.Event:
    """Delay the record of each hunt's end until the event is set."""
    event, end_due = trio.Event(), Hunts.end_due

    async def wait_and_end(self: Hunts, hunt: str) -> bool:
        await event.wait()
        return await end_due(self, hunt)

    monkeypatch.setattr(Hunts, "end_due", wait_and_end)
    return event


async def streams(client: Client) -> int:
    """Return the status of the response that begins a stream."""
    async with client.stream("GET", f"{HARBOUR_PATH}/events") as response:
        return response.status_code


async def test_hunt_is_closing_until_its_end_was_read_back(database: str, held: trio.Event) -> None:
    async with serving(database) as client:
        assert (await client.click()).status_code == 200
        await closes_in(database, 0.5)
        async with client.stream("GET", f"{HARBOUR_PATH}/events") as open_before:
            closing = await wait_state(client, "closing")
            assert not {"seed", "versions", "ended_at"} & closing.keys()
            assert "at" not in closing["prizes"][1]["odds"]
            refused = await client.click()
            assert_problem(refused, 409)
            assert refused.json()["closes_at"]
            assert await streams(client) == 200
            client.headers.update(bearer("root", audience="hunt-admin"))
            listed = (await client.get("/v1/admin/hunts")).json()["hunts"]
            assert [each["state"] for each in listed] == ["closing"]
            client.headers.update(bearer("ada"))
            held.set()
            closed = await wait_state(client, "closed")
            with trio.fail_after(10):
                async for _ in open_before.aiter_raw():
                    pass  # it ends
        assert hashlib.sha256(bytes.fromhex(closed["seed"])).hexdigest() == closed["commitment"]
        assert closed["ended_at"] >= closed["closes_at"]
        assert [each["version"] for each in closed["versions"]] == [2, 1]
        chest = closed["versions"][-1]["definition"]["prizes"][1]
        assert chest == to_json(HARBOUR)["prizes"][1], "with its place"  # type: ignore[index]
        assert "actor" not in closed["versions"][0]
        assert await streams(client) == 204
        assert_problem(await client.click(), 409)


async def test_extension_while_closing_opens_the_hunt_again(
    database: str, held: trio.Event
) -> None:
    async with serving(database) as client:
        await closes_in(database, 0.5)
        await wait_state(client, "closing")
        await closes_in(database, 3600)
        held.set()
        await wait_state(client, "open")
        assert (await client.click()).status_code == 200
        assert "seed" not in await shown(client)


async def test_extension_of_an_ended_hunt_is_refused(database: str) -> None:
    async with serving(database) as client:
        await closes_in(database, 0.5)
        before = await wait_state(client, "closed")
        client.headers.update(bearer("root", audience="hunt-admin"))
        later = to_json(replace(HARBOUR, closes_at=datetime(2999, 1, 1, tzinfo=UTC)))
        refused = await client.put("/v1/admin/hunts/harbour", json=later)
        assert_problem(refused, 409)
        assert refused.json()["detail"] == "hunt 'harbour' has ended, and its end is final"
        assert await shown(client) == before
        past = to_json(replace(HARBOUR, closes_at=datetime(2000, 1, 1, tzinfo=UTC)))
        refused = await client.post("/v1/admin/hunts", json=past | {"id": "river"})
        assert_problem(refused, 400)
        assert list(refused.json()["errors"]) == ["closes_at"]


@asynccontextmanager
async def proxied(database: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Yield a proxy in front of the database, and a connection string through it."""
    parts = conninfo_to_dict(database)
    host, port = str(parts["host"]), parts.get("port") or 5432

    async def connect() -> trio.SocketStream:
        if host.startswith("/"):
            return await trio.open_unix_socket(f"{host}/.s.PGSQL.{port}")
        return await trio.open_tcp_stream(host, int(port))

    proxy = Proxy(connect)
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.run)
        yield proxy, make_conninfo(database, host="127.0.0.1", port=proxy.port)
        nursery.cancel_scope.cancel()


async def test_node_cut_off_while_the_operator_extends_reveals_nothing(database: str) -> None:
    async with (
        proxied(database) as (proxy, way),
        serving(way) as client,
        open_pool(database, size=1) as pool,
    ):
        await closes_in(database, 2.0)
        with trio.fail_after(10):
            while (await shown(client))["closes_at"] is None:
                await trio.sleep(0.02)
        proxy.refuse = True
        proxy.reset_all()
        await closes_in(database, 3600)  # this node cannot know it
        closing = await wait_state(client, "closing")
        assert "seed" not in closing
        assert await streams(client) == 200
        # On other nodes clicks still count, and the seed would reveal which of them win.
        click = Click(str(uuid.uuid4()), "bob", 1.0, 2.0, None, 0)
        [outcome] = await Log(pool).append("harbour", [click])
        assert isinstance(outcome, Settlement)
        proxy.refuse = False
        await wait_state(client, "open")


async def test_draft_does_not_exist_for_players(database: str) -> None:
    async with serving(database) as client:
        async with open_pool(database, size=1) as pool:
            await Hunts(pool).create(
                replace(HARBOUR, id="draft", title="Secret"), seed=b"s" * 32, actor="operator"
            )
        with trio.fail_after(10):
            while "draft" not in client.engine.catalogue.hunts:
                await trio.sleep(0.02)
        for path in ("", "/events", "/events?scope=all", "/rewards", "/leaderboard", "/socket"):
            answers = [
                await client.get(f"/v1/hunts/{hunt}{path}", headers={"Origin": "http://x"})
                for hunt in ("draft", "other")
            ]
            assert [each.status_code for each in answers] == [404, 404], path
            bodies = [each.text.replace("other", "draft") for each in answers]
            assert bodies[0] == bodies[1], "as if there were none"
        body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
        assert_problem(await client.post("/v1/hunts/draft/clicks", json=body), 404)
        handshake = (
            f"GET /v1/hunts/draft/socket HTTP/1.1\r\nHost: {client.base_url.netloc.decode()}\r\n"
            f"Origin: {client.base_url}\r\nAuthorization: {client.headers['Authorization']}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        async with connected(client) as stream:
            await stream.send_all(handshake.encode())
            assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 404 ")
        listed = (await client.get("/v1/hunts")).json()["hunts"]
        assert [each["id"] for each in listed] == ["harbour"]
        assert "draft" not in (await client.get("/metrics")).text
        client.headers.update(bearer("root", audience="hunt-admin"))
        assert (await client.get("/v1/admin/hunts/draft")).json()["state"] == "draft"
        rewards = await client.get("/v1/admin/hunts/draft/players/ada/rewards")
        assert rewards.json() == {"rewards": [], "next": None}


async def test_deleted_hunt_is_gone_with_its_streams(database: str) -> None:
    async with serving(database) as client:
        async with client.stream("GET", f"{HARBOUR_PATH}/events") as open_before:
            client.headers.update(bearer("root", audience="hunt-admin"))
            gone = await client.delete("/v1/admin/hunts/harbour")
            assert (gone.status_code, gone.json()) == (200, {"deleted": "harbour"})
            assert_problem(await client.delete("/v1/admin/hunts/harbour"), 404)
            client.headers.update(bearer("ada"))
            with trio.fail_after(10):
                async for _ in open_before.aiter_raw():
                    pass  # it ends
        for path in ("", "/events", "/leaderboard"):
            assert_problem(await client.get(f"{HARBOUR_PATH}{path}"), 404)
        assert_problem(await client.click(), 404)
        assert (await client.get("/v1/hunts")).json() == {"hunts": []}


async def test_hunt_with_a_click_cannot_be_deleted(database: str) -> None:
    async with serving(database) as client:
        assert (await client.click()).status_code == 200
        client.headers.update(bearer("root", audience="hunt-admin"))
        assert_problem(await client.delete("/v1/admin/hunts/harbour"), 409)
