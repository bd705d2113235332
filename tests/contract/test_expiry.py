"""Streams and WebSockets end with the token that opened them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio_websocket import ConnectionClosed

from hunt.core.events import Reward
from hunt.core.keys import from_jwks
from hunt.play import auth, reconnect
from tests.support.forged_tokens import foreign, key_set
from tests.support.raw_websocket import next_of, opened
from tests.support.serving import Client, Stream, bearer, pass_time, serving, stream

ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def live(client: Client, **options: object) -> AsyncIterator[Stream]:
    """Yield a stream after its greeting."""
    async with stream(client, **options) as events:
        assert events.response.status_code == 200
        assert (await events.next()).retry == 2000
        assert (await events.next()).event == "hello"
        yield events


async def assert_ends(events: Stream) -> None:
    """Check that a stream sends a retry time, and ends."""
    [last] = await events.rest()
    low, high = reconnect.RECONNECT_MS
    assert low <= (last.retry or 0) <= high
    assert (last.event, last.data, last.id) == ("", "", None)


@pytest.mark.parametrize("scope", ["own", "all"])
async def test_stream_ends_when_its_token_expires(database: str, scope: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("bob"))
        async with live(client, params={"scope": scope}) as other:
            client.headers.update(bearer("ada", ttl=60))
            async with live(client, params={"scope": scope}) as events:
                pass_time(client, 61)
                await assert_ends(events)
            assert client.engine.streams.hub.counts() == {"sse": 1}
            pass_time(client, 0)
            client.headers.update(bearer("bob"))
            assert (await client.click()).status_code == 200
            assert (await other.next()).event == ("wins" if scope == "all" else "reward")


async def test_stream_of_a_ticket_ends_with_its_token(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("ada", ttl=600))
        ticket = (await client.post("/v1/tickets")).json()
        assert ticket["expires_in"] == auth.TICKET_SECONDS
        del client.headers["Authorization"]
        async with live(client, params={"ticket": ticket["ticket"]}) as events:
            pass_time(client, 300)  # the ticket has expired, the token has not
            refused = await client.get(
                "/v1/hunts/harbour/events", params={"ticket": ticket["ticket"]}
            )
            assert refused.status_code == 401
            client.engine.streams.tail.committed(
                "harbour", [reward := Reward(1, "c1", "ada", None, 0, "")]
            )
            assert json.loads((await events.next()).data)["seq"] == reward.seq
            pass_time(client, 601)
            await assert_ends(events)


async def test_ticket_expires_with_its_token(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("ada", ttl=30))
        made = await client.post("/v1/tickets")
        assert 0 < made.json()["expires_in"] <= 30


async def test_stream_of_a_guest_ends_with_the_cookie(database: str) -> None:
    async with serving(database) as client:
        del client.headers["Authorization"]
        session = await client.post("/v1/session")
        async with live(client) as events:
            pass_time(client, auth.GUEST_DAYS * 86400 + 1)
            await assert_ends(events)
        assert (await client.get("/v1/hunts/harbour/events")).status_code == 401
        # A page that reconnects requests a session, and gets a new one.
        renewed = await client.post("/v1/session")
        assert renewed.status_code == 201
        assert session.json()["player"] != renewed.json()["player"]


async def test_streams_end_when_their_key_is_removed(database: str, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(("ES256", 0), ("ES256", 1)))
    settings = {"jwt_algorithms": ("ES256", "HS256"), "jwks_file": file}
    async with serving(database, **settings) as client, AsyncExitStack() as stack:
        with trio.fail_after(10):
            while client.engine.tokens.waiting:
                await trio.lowlevel.checkpoint()
        streams = []
        for number in (0, 1):
            client.headers.update(foreign("ES256", number))
            streams.append(await stack.enter_async_context(live(client)))
            ticket = (await client.post("/v1/tickets")).json()["ticket"]
            del client.headers["Authorization"]
            params = {"ticket": ticket}
            streams.append(await stack.enter_async_context(live(client, params=params)))
        socket = await stack.enter_async_context(opened(client, **foreign("ES256", 0)))
        await next_of(socket)
        client.engine.tokens.replace_keys(from_jwks(key_set(("ES256", 1))))
        await assert_ends(streams[0])
        await assert_ends(streams[1])
        assert await code_of(socket) == 4401
        client.engine.streams.tail.committed("harbour", [Reward(1, "c1", "ada", None, 0, "")])
        for kept in streams[2:]:
            assert json.loads((await kept.next()).data)["seq"] == 1


async def code_of(socket: object) -> int:
    """Return the close code of a socket."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await next_of(socket)  # type: ignore[arg-type]
    assert closed.value.reason is not None
    return closed.value.reason.code


async def test_websocket_is_closed_when_its_token_expires(database: str) -> None:
    async with serving(database) as client, opened(client, **bearer("ada", ttl=60)) as socket:
        assert (await next_of(socket))[0] == "hello"
        pass_time(client, 61)
        assert await code_of(socket) == 4401
        assert not client.engine.streams.hub._streams


async def test_websocket_refuses_clicks_after_expiry(database: str) -> None:
    async with serving(database) as client, opened(client, **bearer("ada", ttl=60)) as socket:
        assert (await next_of(socket))[0] == "hello"
        # The expiry has not closed the socket yet: the click itself must be refused.
        client.engine.tokens._clock = lambda: time.time() + 61
        click = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
        await socket.send_message(json.dumps({"click": click}))
        kind, refused = await next_of(socket)
        assert (kind, refused["id"], refused["status"]) == ("refused", click["id"], 401)
        assert await code_of(socket) == 4401
        assert client.engine.streams.tail.position("harbour") == 0


async def test_streams_of_all_transports_share_one_limit(database: str) -> None:
    async with serving(database, max_streams_per_player=3) as client:
        async with live(client), live(client, params={"scope": "all"}), opened(client) as socket:
            assert (await next_of(socket))[0] == "hello"
            for params in ({}, {"scope": "all"}):
                async with stream(client, params=params) as events:
                    [pause] = await events.rest()
                    assert (pause.event, pause.retry is None) == ("", False)
            async with opened(client) as another:
                assert (await next_of(another))[1]["status"] == 503
                assert await code_of(another) == 1013
            async with live(client, params={"scope": "all"}, headers=bearer("bob")):
                pass
        with trio.fail_after(5):
            while client.engine.streams.hub._open:
                await trio.lowlevel.checkpoint()
        async with live(client, params={"scope": "all"}):
            pass
