"""HTTP/2 over TLS: the same answers as over HTTP/1.1, and independent streams."""

from __future__ import annotations

import uuid

import h2.events
import httpx
import pytest
import trio

from tests.support import certificates
from tests.support.raw_http2 import speaking
from tests.support.serving import bearer, pass_time, serving

CLICKS = "/v1/hunts/harbour/clicks"
JSON = {"Content-Type": "application/json"}
OWN = {"date", "x-request-id", "server", "connection", "content-length", "set-cookie"}


def asked() -> list[tuple[str, str, dict[str, str], bytes]]:
    """Return requests: method, path, headers, body."""
    body = b'{"id":"%s","x":1,"y":2}'
    click_id = str(uuid.uuid4()).encode()
    return [
        ("POST", CLICKS, JSON, body % click_id),
        ("POST", CLICKS, JSON, b"{"),
        ("POST", CLICKS, JSON | {"Authorization": "Bearer x"}, body % click_id),
        ("POST", CLICKS, {}, body % click_id),
        ("POST", CLICKS, JSON, b" " * 5000),
        ("POST", "/v1/hunts/nowhere/clicks", JSON, body % click_id),
        ("PUT", CLICKS, JSON, b""),
        ("GET", "/v1/hunts/nowhere/events", {}, b""),
        ("GET", "/v1/hunts/harbour/events?scope=x", {}, b""),
        ("GET", "/v1/hunts/harbour", {}, b""),
        ("HEAD", "/v1/hunts/harbour", {}, b""),
        ("POST", "/v1/session", {}, b""),
        ("GET", "/", {}, b""),
        ("GET", "/nothing", {}, b""),
        ("GET", "/livez", {}, b""),
    ]


async def test_http1_and_http2_give_equal_responses(database: str, other_database: str) -> None:
    told = []
    requests = asked()
    for base, http2 in ((database, True), (other_database, False)):
        async with (
            serving(base, over_tls=True) as client,
            httpx.AsyncClient(
                http2=http2,
                verify=certificates.client(),
                base_url=client.base_url,
                headers=bearer(),
            ) as speaker,
        ):
            answers = []
            for method, path, headers, body in requests:
                answer = await speaker.request(method, path, headers=headers, content=body)
                assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
                kept = {k: v for k, v in answer.headers.items() if k not in OWN}
                text = "" if "commitment" in answer.text or '"at"' in answer.text else answer.text
                answers.append((answer.status_code, kept, text if "guest-" not in text else ""))
            told.append(answers)
    for request, one, two in zip(requests, *told, strict=True):
        one[1].pop("etag", None), two[1].pop("etag", None)  # each server has its own hunt and seed
        assert one == two, request


async def test_body_behind_its_response_harms_no_other_stream(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        number = await speaker.ask(
            "POST", CLICKS, ("content-type", "application/json"), ("content-length", "30000"),
            end=False,
        )  # fmt: skip
        assert await speaker.status(number) == "413"
        await speaker.wait(h2.events.StreamEnded, number)
        for _ in range(3):
            speaker.h2.send_data(number, b" " * 10_000)
            await speaker.flush()
        assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"


@pytest.mark.parametrize("path", ["/", "/v1/hunts/harbour/events"])
async def test_window_that_never_opens_times_out(
    database: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("hunt.edge.sending.SEND_TIMEOUT", 0.2)
    async with serving(database, over_tls=True, stream_buffer=5) as client:
        async with speaking(client, window=0) as speaker:
            number = await speaker.ask("GET", path)
            assert await speaker.status(number) == "200"
            if path != "/":
                client.engine.streams.hub.end("harbour")
            await speaker.wait(h2.events.StreamReset, number)
            assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
        assert client.engine.streams.hub.counts().get("sse", 0) == 0


async def test_http2_opens_no_websocket(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        settings = speaker.h2.remote_settings
        assert not settings.enable_connect_protocol
        number = speaker.h2.get_next_available_stream_id()
        speaker.h2.send_headers(
            number,
            [
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":authority", "hunt"),
                (":scheme", "https"),
                (":path", "/v1/hunts/harbour/socket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-extensions", "permessage-deflate"),
            ],
        )
        await speaker.flush()
        assert await speaker.status(number) == "405"
        assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"


async def test_idle_connection_is_kept_and_then_closed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.connection.IDLE_TIMEOUT", 0.3)
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
        with trio.fail_after(3):  # Hypercorn's own would be 5 s
            while await speaker.stream.receive_some(65536):
                pass


async def test_stream_ends_when_its_token_expires(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        number = await speaker.ask("GET", "/v1/hunts/harbour/events")
        assert await speaker.status(number) == "200"
        assert b"event: hello" in (await speaker.wait(h2.events.DataReceived, number)).data
        pass_time(client, 25 * 3600)
        assert b"retry: " in (await speaker.wait(h2.events.DataReceived, number)).data
        await speaker.wait(h2.events.StreamEnded, number)
        assert client.engine.streams.hub.counts() == {"sse": 0}
        again = await speaker.ask("GET", "/v1/hunts/harbour/events")
        assert await speaker.status(again) == "401"


async def test_reset_stream_is_unsubscribed(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        number = await speaker.ask("GET", "/v1/hunts/harbour/events")
        assert await speaker.status(number) == "200"
        assert client.engine.streams.hub.counts() == {"sse": 1}
        speaker.h2.reset_stream(number)
        await speaker.flush()
        with trio.fail_after(5):
            while client.engine.streams.hub.counts() != {"sse": 0}:
                await trio.lowlevel.checkpoint()
        assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"
