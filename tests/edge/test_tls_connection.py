"""The fast lane over TLS: real handshakes, the real application, a real PostgreSQL."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest
import trio
from hypercorn.trio.tcp_server import TCPServer

from hunt.edge import tls_connection
from tests.support import certificates
from tests.support.raw_http import LIVEZ, Reader, click, subscribe, wait_closed
from tests.support.serving import Client, bearer, connected, serving


def without_hypercorn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_: TCPServer) -> None:
        raise AssertionError("Hypercorn was asked")

    monkeypatch.setattr(TCPServer, "run", run)


async def count_of(client: Client, reached: int) -> None:
    """Wait until the number of open connections is `reached`."""
    worker = client.worker
    assert worker is not None
    with trio.fail_after(5):
        while worker.connections != reached:
            await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("alpn", [None, "http/1.1"])
async def test_clicks_and_streams_are_served_below_hypercorn(
    database: str, monkeypatch: pytest.MonkeyPatch, alpn: str | None
) -> None:
    without_hypercorn(monkeypatch)
    async with (
        serving(database, over_tls=True) as client,
        connected(client, alpn=alpn) as one,
        connected(client, alpn=alpn) as two,
    ):
        await one.send_all(subscribe())
        events = Reader(one)
        await events.until(b"\r\n\r\n")
        assert (await events.events(2))[1].event == "hello"
        reader = Reader(two)
        for number in range(1, 4):
            await two.send_all(click())
            assert (await reader.answer())[0] == 200
            [reward] = await events.events(1)
            assert json.loads(reward.data)["seq"] == number


async def test_http_2_serves_clicks_and_streams(database: str) -> None:
    async with (
        serving(database, over_tls=True) as client,
        httpx.AsyncClient(
            http2=True, verify=certificates.client(), base_url=client.base_url, headers=bearer()
        ) as modern,
    ):
        body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
        answer = await modern.post("/v1/hunts/harbour/clicks", json=body)
        assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
        async with modern.stream("GET", "/v1/hunts/harbour/events") as stream:
            with trio.fail_after(5):
                assert b"hello" in await anext(stream.aiter_raw())


async def test_other_requests_go_to_hypercorn_and_the_connection_returns(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(uuid.uuid4()) for _ in range(3)]
    async with serving(database, over_tls=True) as client, connected(client) as stream:
        sent = [click(id=ids[0]), LIVEZ, LIVEZ, click(id="no"), click(id=ids[1]), LIVEZ]
        await stream.send_all(b"".join(sent))
        reader = Reader(stream)
        answers = [await reader.answer() for _ in sent]
        assert [status for status, _, _ in answers] == [200, 200, 200, 400, 200, 200]
        assert [json.loads(answers[n][2])["id"] for n in (0, 4)] == ids[:2]
        without_hypercorn(monkeypatch)
        await stream.send_all(click(id=ids[2]))
        assert (await reader.answer())[0] == 200


async def test_requests_sent_during_a_stream_are_answered_after_it(database: str) -> None:
    async with serving(database, over_tls=True) as client, connected(client) as stream:
        await stream.send_all(subscribe())
        reader = Reader(stream)
        await reader.until(b"\r\n\r\n")
        await reader.events(2)
        await stream.send_all(LIVEZ)
        client.engine.streams.hub.end("harbour")
        assert (await reader.events(1))[0].retry is not None
        assert await reader.chunk() == b""
        assert (await reader.answer())[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /v1/hunts/harbour/cl", id="half a head"),
        pytest.param(click()[:-1], id="half a body"),
        pytest.param(subscribe()[:-1], id="a head without its end"),
    ],
)
async def test_incomplete_request_times_out(
    database: str, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(tls_connection, "HEAD_TIMEOUT", 0.1)
    monkeypatch.setattr(tls_connection, "IDLE_TIMEOUT", 0.1)
    async with serving(database, over_tls=True) as client, connected(client) as stream:
        await stream.send_all(sent)
        await wait_closed(stream)
        await count_of(client, 0)


async def test_incomplete_handshake_times_out(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_connection, "HANDSHAKE_TIMEOUT", 0.1)
    async with serving(database, over_tls=True) as client:
        tls, client.tls = client.tls, None
        async with connected(client) as stream:
            await wait_closed(stream)
        client.tls = tls
        await count_of(client, 0)


async def test_an_idle_connection_does_not_delay_the_shutdown(database: str) -> None:
    with trio.fail_after(10):
        async with serving(database, over_tls=True, graceful=60) as client:
            async with connected(client) as used, connected(client) as streaming:
                for stream, request in ((used, click()), (streaming, subscribe())):
                    await stream.send_all(request)
                    await Reader(stream).until(b"\r\n\r\n")
                assert client.worker is not None
                await client.worker.stop()
                await wait_closed(used)
                await wait_closed(streaming)
