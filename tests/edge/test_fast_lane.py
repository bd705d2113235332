"""The fast lane behaves the same in cleartext and over TLS."""

from __future__ import annotations

import json

import pytest
import trio

from hunt.core.events import Reward
from tests.support.raw_http import Reader, click, subscribe
from tests.support.serving import Client, connected, serving

#: More bytes than both kernel buffers hold, sent as some thousand rewards.
LONG = "p" * 4000

pytestmark = pytest.mark.parametrize(
    "over_tls", [pytest.param(False, id="clear"), pytest.param(True, id="tls")]
)


async def subscribed(stream: trio.SocketStream, player: str = "ada") -> Reader:
    """Open an event stream and read its greeting."""
    await stream.send_all(subscribe(player))
    reader = Reader(stream)
    await reader.until(b"\r\n\r\n")
    await reader.events(2)
    return reader


def reward(client: Client, count: int, *, last: str = "ada") -> range:
    """Publish long rewards of ada, except the last one, which is short; return their `seq`."""
    tail = client.engine.streams.tail
    first = tail.position("harbour") + 1
    long = [Reward(first + n, str(n), "ada", LONG, 0, "") for n in range(count - 1)]
    tail.committed("harbour", [*long, Reward(first + count - 1, "", last, None, 0, "")])
    return range(first, first + count)


async def test_request_in_single_bytes_is_answered(database: str, over_tls: bool) -> None:
    async with serving(database, over_tls=over_tls) as client, connected(client) as stream:
        for byte in click():
            await stream.send_all(bytes([byte]))
        assert (await Reader(stream).answer())[0] == 200


async def test_silence_is_broken_by_heartbeats(database: str, over_tls: bool) -> None:
    async with (
        serving(database, over_tls=over_tls, heartbeat=0.2) as client,
        connected(client) as stream,
    ):
        reader = await subscribed(stream)
        assert [await reader.chunk() for _ in range(2)] == [b": \n\n", b": \n\n"]


async def test_closed_stream_is_unsubscribed(database: str, over_tls: bool) -> None:
    async with serving(database, over_tls=over_tls) as client:
        hub = client.engine.streams.hub
        async with connected(client) as stream:
            await subscribed(stream)
            assert hub.counts() == {"sse": 1}
        with trio.fail_after(10):  # before the first heartbeat would find it out
            while hub.counts() != {"sse": 0}:
                await trio.lowlevel.checkpoint()
        assert "harbour" not in hub._players


async def test_stalled_stream_loses_nothing_until_its_mailbox_is_full(
    database: str, over_tls: bool
) -> None:
    async with (
        serving(database, over_tls=over_tls, stream_buffer=3000) as client,
        connected(client, receive=4096) as stream,
    ):
        reader = await subscribed(stream)
        sent = reward(client, 2000)
        assert client.engine.streams.hub.awake == 1
        seen = [json.loads(each.data)["seq"] for each in await reader.events(len(sent))]
        assert seen == list(sent)
        sent = reward(client, 1)
        assert [json.loads(each.data)["seq"] for each in await reader.events(1)] == list(sent)


async def test_slow_stream_is_cut_off_and_others_are_not(database: str, over_tls: bool) -> None:
    async with (
        serving(database, over_tls=over_tls, stream_buffer=5) as client,
        connected(client, receive=4096) as slow,
        connected(client) as quick,
    ):
        readers = await subscribed(slow), await subscribed(quick, "bob")
        reward(client, 2001, last="bob")
        assert len(await readers[1].events(1)) == 1
        assert "ada" not in client.engine.streams.hub._players["harbour"]
        while await readers[0].chunk():  # the last one is empty
            pass
        assert "hunt_slow_subscribers_total 1.0" in (await client.get("/metrics")).text


async def test_stream_whose_client_reads_nothing_times_out(
    database: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.sending.SEND_TIMEOUT", 0.2)
    async with (
        serving(database, over_tls=over_tls, stream_buffer=3000) as client,
        connected(client, receive=4096) as stream,
    ):
        assert client.worker is not None
        await subscribed(stream)
        reward(client, 2000)
        with trio.fail_after(5):
            while client.engine.streams.hub.counts() != {"sse": 0}:
                await trio.lowlevel.checkpoint()
            while client.worker.connections:
                await trio.lowlevel.checkpoint()
        assert client.engine.streams.hub.awake == 0
