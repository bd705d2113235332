"""Framing of requests: no transport accepts a message that others could parse differently."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import groupby

import h11
import httpx
import pytest
import trio

from hunt.edge.framing import (
    MAX_CHUNK_LINE,
    MAX_DROPPED,
    MAX_LINE,
    Answered,
    Connection,
    Malformed,
)
from tests.support import certificates
from tests.support.raw_http import LIVEZ, WAYS, Reader, at_its_end, click
from tests.support.raw_http2 import speaking
from tests.support.serving import Client, bearer, connected, serving, token

AUTHORIZED = f"Host: hunt\r\nAuthorization: Bearer {token()}\r\n".encode()
BODY = b'{"id":"0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90","x":1,"y":2}'
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
POST = b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\n" + AUTHORIZED
POST += b"Content-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
TE = b"Transfer-Encoding: chunked\r\n"


def chunks(data: bytes) -> bytes:
    return POST + TE + b"\r\n" + data


REFUSED = {
    "length and coding": (POST + LENGTH + TE + b"\r\n" + CHUNKED, 400),
    "coding and length": (POST + TE + b"Content-Length: 3\r\n\r\n" + CHUNKED, 400),
    "coding and length zero": (POST + TE + b"Content-Length: 0\r\n\r\n" + CHUNKED, 400),
    "two lengths": (POST + LENGTH + b"Content-Length: 6\r\n\r\n" + BODY, 400),
    "the same length twice": (POST + LENGTH + LENGTH + b"\r\n" + BODY, 400),
    "a list of lengths": (POST + b"Content-Length: 5, 5\r\n\r\nabcde", 400),
    "a length with a sign": (POST + b"Content-Length: +5\r\n\r\nabcde", 400),
    "a negative length": (POST + b"Content-Length: -5\r\n\r\nabcde", 400),
    "a length in hex": (POST + b"Content-Length: 0x5\r\n\r\nabcde", 400),
    "an empty length": (POST + b"Content-Length: \r\n\r\nabcde", 400),
    "a length without end": (POST + b"Content-Length: %b\r\n\r\n" % (b"9" * 30), 400),
    "identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "gzip": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKED, 400),
    "chunked on two lines": (POST + TE + TE + b"\r\n" + CHUNKED, 400),
    "chunked and more": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKED, 400),
    "gzip and chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED, 501),
    "a coding with a parameter": (POST + b"Transfer-Encoding: chunked;a=b\r\n\r\n" + CHUNKED, 400),
    "a coding in HTTP/1.0": (
        POST.replace(b"HTTP/1.1", b"HTTP/1.0") + TE + b"\r\n" + CHUNKED, 400,
    ),
    "bare CR in an extension": (chunks(b"3;a\rb\r\nabc\r\n0\r\n\r\n"), 400),
    "bare LF in an extension": (chunks(b"3;a\nb\r\nabc\r\n0\r\n\r\n"), 400),
    "NUL in an extension": (chunks(b"3;a\x00b\r\nabc\r\n0\r\n\r\n"), 400),
    "a long extension": (chunks(b"3;a=" + b"b" * 300 + b"\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk after LF": (chunks(b"3\nabc\r\n0\r\n\r\n"), 400),
    "a chunk with a sign": (chunks(b"+3\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk in 0x": (chunks(b"0x3\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk with an underscore": (chunks(b"0_3\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk without a size": (chunks(b"\r\nabc\r\n0\r\n\r\n"), 400),
    "space before a size": (chunks(b" 3\r\nabc\r\n0\r\n\r\n"), 400),
    "space behind a size": (chunks(b"3 \r\nabc\r\n0\r\n\r\n"), 400),
    "a size beyond 64 bits": (chunks(b"1" + b"0" * 16 + b"\r\nabc\r\n0\r\n\r\n"), 400),
    "more than the chunk": (chunks(b"3\r\nabcd\r\n0\r\n\r\n"), 400),
    "trailers with LF": (chunks(b"0\r\nX: y\n\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n"), 400),
    "folded trailers": (chunks(b"0\r\nX: y\r\n z\r\n\r\n"), 400),
    "space before the colon": (POST + b"X : y\r\n\r\n", 400),
    "a coding with space before": (POST + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED, 400),
    "a folded line": (POST + b"X: y\r\n z\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "a folded coding": (POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKED, 400),
    "a fold at the start": (POST.replace(b"Host", b" Host") + LENGTH + b"\r\n" + BODY, 400),
    "NUL in a value": (POST + b"X: a\x00b\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "a control character": (POST + b"X: a\x01b\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "bare CR in a value": (POST + b"X: a\rb: c\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "CR twice": (POST + b"X: a\r\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "LF in the middle": (POST + b"X: a\nY: b\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "LF only": (POST.replace(b"\r", b"") + b"Content-Length: 5\n\nabcde", 400),
    "LF only, of another route": (LIVEZ.replace(b"\r", b""), 400),
    "no colon": (POST + b"X\r\n\r\n", 400),
    "no name": (POST + b": y\r\n\r\n", 400),
    "no host": (LIVEZ.replace(b"Host: hunt\r\n", b""), 400),
    "two hosts": (POST + b"Host: other\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "no version": (b"GET /livez\r\n\r\n", 400),
    "two spaces": (LIVEZ.replace(b"GET ", b"GET  "), 400),
    "HTTP/2.0": (LIVEZ.replace(b"HTTP/1.1", b"HTTP/2.0"), 505),
    "HTTP/0.9": (LIVEZ.replace(b"HTTP/1.1", b"HTTP/0.9"), 505),
    "a long target": (b"GET /" + b"a" * MAX_LINE + b" HTTP/1.1\r\nHost: hunt\r\n\r\n", 414),
    "a target without end": (b"GET /" + b"a" * 20_000, 414),
    "a long head": (POST + b"X: " + b"y" * 20_000 + b"\r\n" + LENGTH + b"\r\n" + BODY, 431),
    "many fields": (LIVEZ[:-2] + b"X: y\r\n" * 3000 + b"\r\n", 431),
}  # fmt: skip


@pytest.fixture(params=WAYS)
async def client(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Client]:
    lane, tls = WAYS[request.param]
    async with serving(database, fast_lane=lane, over_tls=tls) as client:
        yield client


@asynccontextmanager
async def asked(client: Client, *pieces: bytes) -> AsyncIterator[Reader]:
    async with connected(client) as stream:
        for piece in pieces:
            await stream.send_all(piece)
            for _ in range(20):
                await trio.lowlevel.checkpoint()
        yield Reader(stream)


def halves(data: bytes) -> Iterator[tuple[bytes, ...]]:
    yield (data,)
    yield data[: len(data) // 2], data[len(data) // 2 :]
    yield data[:-1], data[-1:]


async def test_ambiguous_request_is_refused_and_the_connection_closed(client: Client) -> None:
    for name, (data, status) in REFUSED.items():
        for pieces in halves(data):
            async with asked(client, *pieces, LIVEZ) as reader:
                said, headers, body = await reader.answer()
                assert said == status, (name, pieces, body)
                assert headers["content-type"] == "application/problem+json", name
                assert headers["connection"] == "close", name
                assert "x-request-id" in headers, name
                assert json.loads(body)["status"] == status, name
                assert "bytearray" not in json.loads(body)["detail"], name
                assert await at_its_end(reader) == b"", name
    assert (await client.click()).status_code == 200


async def test_lines_that_end_with_lf_alone_are_refused_at_once(client: Client) -> None:
    data = POST.replace(b"\r", b"") + b"Content-Length: 5\n\nabcde"
    for pieces in halves(data):  # and no further bytes, because the client waits for its answer
        async with asked(client, *pieces) as reader:
            assert (await reader.answer())[0] == 400


async def test_unambiguous_request_is_served(client: Client) -> None:
    for data, status in (
        (chunks(CHUNKED), 200),
        (chunks(b'%x;a="b"\r\n%b\r\n0;c\r\nX: y\r\n\r\n' % (len(BODY), BODY)), 200),
        (POST + b"X-Text: caf\xc3\xa9\t \r\n" + LENGTH + b"\r\n" + BODY, 200),
        (POST + b"Content-Length:\t%d \r\n\r\n" % len(BODY) + BODY, 200),
        (LIVEZ.replace(b"HTTP/1.1", b"HTTP/1.2"), 200),
        (LIVEZ.replace(b"/livez", b"/" + b"a" * 8000), 404),
    ):
        for pieces in halves(data):
            async with asked(client, *pieces, LIVEZ) as reader:
                assert (await reader.answer())[0] == status, data
                assert (await reader.answer())[0] == 200, data


async def test_head_of_a_stream_ends_with_its_headers(client: Client) -> None:
    for path in ("/v1/hunts/harbour/events", "/v1/hunts/harbour/events?scope=all"):
        request = f"HEAD {path} HTTP/1.1\r\n".encode() + AUTHORIZED + b"\r\n"
        async with asked(client, request + request + LIVEZ + click()) as reader:
            for _ in range(2):
                head = await reader.until(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                assert b"content-type: text/event-stream" in head.lower()
                assert b"x-accel-buffering: no" in head.lower()
            assert (await reader.answer())[2] == b'{"alive":true}'
            assert (await reader.answer())[0] == 200
        assert client.engine.streams.hub.counts().get("sse", 0) == 0
        assert not client.engine.streams.hub.wanted("harbour")


async def test_head_of_the_operators_stream_ends_with_its_headers(client: Client) -> None:
    operator = token("olga", audience="hunt-admin")
    request = f"HEAD /ops/samples HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {operator}\r\n\r\n"
    async with asked(client, request.encode() + LIVEZ) as reader:
        assert (await reader.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert (await reader.answer())[2] == b'{"alive":true}'


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (POST.replace(b"Bearer ", b"Bearer x") + LENGTH, 401),
        (POST.replace(b"harbour", b"nowhere") + LENGTH, 404),
        (POST.replace(b"/clicks", b"/events") + LENGTH, 405),
        (POST + b"Content-Length: 5000\r\n", 413),
        (POST.replace(b"application/json", b"text/plain") + LENGTH, 415),
        (POST + b"Content-Encoding: gzip\r\n" + LENGTH, 415),
    ],
)
async def test_body_is_not_asked_for_where_the_head_is_refused(
    client: Client, head: bytes, status: int
) -> None:
    async with asked(client, head + b"Expect: 100-continue\r\n\r\n") as reader:
        said, headers, _ = await reader.answer()
        assert (said, headers["connection"]) == (status, "close")
        assert await at_its_end(reader) == b""


async def test_body_is_asked_for_where_it_is_read(client: Client) -> None:
    async with asked(client, POST + LENGTH + b"Expect: 100-continue\r\n\r\n") as reader:
        assert (await reader.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        await reader.stream.send_all(BODY + LIVEZ)
        assert (await reader.answer())[0] == 200
        assert (await reader.answer())[2] == b'{"alive":true}'
    async with asked(client, POST + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY) as reader:
        assert (await reader.answer())[0] == 200  # the client did not wait, so it gets no 100


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x"])
async def test_encoded_body_is_an_unsupported_type(client: Client, encoding: str) -> None:
    answer = await client.post(
        "/v1/hunts/harbour/clicks", content=BODY,
        headers={"Content-Encoding": encoding, "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 415
    assert "Content-Encoding" in answer.json()["detail"]
    created = await client.post(
        "/v1/admin/hunts", content=b"{}",
        headers=bearer("olga", audience="hunt-admin")
        | {"Content-Encoding": encoding, "Content-Type": "application/json"},
    )  # fmt: skip
    assert created.status_code == 415
    metrics = (await client.get("/metrics")).text
    assert 'hunt_clicks_total{hunt="harbour",outcome="invalid"} 1.0' in metrics


async def test_body_that_is_not_encoded_may_say_so(client: Client) -> None:
    answer = await client.post(
        "/v1/hunts/harbour/clicks", content=BODY,
        headers={"Content-Encoding": "identity", "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//v1/hunts", "/v1//hunts", "///", "//livez", "/v1/hunts/", "//v1/admin/hunts",
        "http://hunt//v1/hunts", "//evil.example/v1/hunts",
    ],
)  # fmt: skip
async def test_path_with_empty_segments_is_not_found(client: Client, target: str) -> None:
    request = f"GET {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode()
    async with asked(client, request) as reader:
        status, headers, _ = await reader.answer()
        assert (status, headers["content-type"]) == (404, "application/problem+json")
        assert "location" not in headers


async def test_http2_head_of_a_stream_ends(database: str) -> None:
    async with (
        serving(database, over_tls=True) as client,
        httpx.AsyncClient(
            http2=True, verify=certificates.client(), base_url=client.base_url, headers=bearer()
        ) as modern,
    ):
        answer = await modern.head("/v1/hunts/harbour/events")
        assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert client.engine.streams.hub.counts().get("sse", 0) == 0


async def test_http2_path_that_is_not_valid_harms_no_other_stream(database: str) -> None:
    async with serving(database, over_tls=True) as client, speaking(client) as speaker:
        speaker.h2.config.validate_outbound_headers = False
        for path in ("/caf\u00e9", "/a b"):
            number = await speaker.ask("GET", path)
            assert await speaker.status(number) == "400"
        assert await speaker.status(await speaker.ask("GET", "/livez")) == "200"


# --- The connection of h11 alone ----------------------------------------------

LIMIT = 16_384
CLOSE = b"Connection: close\r\n"


def events(connection: Connection, data: bytes | None = None) -> list[type]:
    """Return the types of the events of received bytes, or else of earlier ones."""
    if data is not None:
        connection.receive_data(data)
    found = []
    while isinstance(event := connection.next_event(), h11.Event):
        found.append(type(event))
    return found


def respond(connection: Connection, status: int = 200) -> None:
    connection.send(h11.Response(status_code=status, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())


def refused(*pieces: bytes) -> tuple[int, str, Malformed | None]:
    """Return the status and the detail of a refused request, and the fault that hunt found."""
    connection = Connection(LIMIT)
    with pytest.raises(h11.RemoteProtocolError) as error:
        for each in pieces:
            events(connection, each)
    return error.value.error_status_hint, str(error.value), connection.fault


@pytest.mark.parametrize("name", REFUSED)
def test_ambiguous_request_has_the_status_of_its_fault(name: str) -> None:
    data, status = REFUSED[name]
    for pieces in halves(data):
        found, _, fault = refused(*pieces, LIVEZ)
        assert found == status
        assert fault is None or fault.error_status_hint == status
    assert fault is not None or name == "more than the chunk", "h11 found it"


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (LIVEZ.replace(b"\r\n", b"\n"), "a line of the head does not end with CRLF"),
        (LIVEZ.replace(b"GET", b"GET "), "the request line is not valid"),
        (LIVEZ.replace(b"1.1", b"2.0"), "this server supports HTTP/1.1, and HTTP/2 over TLS"),
        (POST + b"X\r\n\r\n", "a header field is not valid: name, colon, and text in one line"),
        (b"\r\n\r\n" + LIVEZ, "the request line is not valid"),
        (LIVEZ.replace(b"Host: hunt\r\n", b""), "the head must have one Host"),
        (POST + LENGTH * 2 + b"\r\n", "Content-Length must be one whole number"),
        (POST.replace(b"1.1", b"1.0") + TE + b"\r\n", "HTTP/1.0 has no Transfer-Encoding"),
        (POST + LENGTH + TE + b"\r\n",
         "the head must not have both Content-Length and Transfer-Encoding"),
        (POST + TE * 2 + b"\r\n",
         "the last transfer coding, and only the last, must be chunked"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
         "chunked is the only supported transfer coding"),
        (b"GET /" + b"a" * MAX_LINE, "the request line is longer than 8192 bytes"),
        (LIVEZ[:-2] + b"X: " + b"y" * LIMIT,
         f"the head of the request is longer than {LIMIT} bytes"),
        (chunks(b"0\r\nX: y\n\r\n"), "a line of the trailers does not end with CRLF"),
        (chunks(b"0\r\nX: y\r\n z\r\n\r\n"), "a line of the trailers is not valid"),
        (chunks(b"3 \r\nabc\r\n"), "the size of a chunk is not valid"),
        (chunks(b"3;" + b"a" * MAX_CHUNK_LINE), "the line of a chunk is too long"),
    ],
)  # fmt: skip
def test_fault_is_told(data: bytes, detail: str) -> None:
    _, told, fault = refused(data)
    assert told == str(fault) == detail


@pytest.mark.parametrize(
    ("start", "filled", "longest", "status"),
    [
        pytest.param(b"GET /%b HTTP/1.1\r\nHost: hunt\r\n\r\n", 14, MAX_LINE, 414, id="line"),
        pytest.param(LIVEZ[:-2] + b"X: %b\r\n\r\n", len(LIVEZ) + 3, LIMIT, 431, id="head"),
        pytest.param(chunks(b"1;%b\r\nx\r\n0\r\n\r\n"), 4, MAX_CHUNK_LINE, 400, id="chunk"),
    ],
)
def test_longest_line_and_head_are_served(
    start: bytes, filled: int, longest: int, status: int
) -> None:
    data = start % (b"a" * (longest - filled))
    assert events(Connection(LIMIT), data)[-1] is h11.EndOfMessage
    assert refused(data.replace(b"aa", b"aaa", 1))[0] == status


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LIVEZ, [h11.Request, h11.EndOfMessage]),
        (b"GET /livez HTTP/1.0\r\n\r\n", [h11.Request, h11.EndOfMessage]),
        (POST + b"Content-Length:\t0 \r\n\r\n", [h11.Request, h11.EndOfMessage]),
        (POST + b"X: caf\xc3\xa9\t \r\n" + LENGTH + b"\r\n" + BODY[:9], [h11.Request, h11.Data]),
        (POST + b"Transfer-Encoding: \tCHUNKED\t \r\n\r\n", [h11.Request]),
        (chunks(b"5;a=b\r\nhello\r\n0;c\r\nX: y\r\n\r\n"),
         [h11.Request, h11.Data, h11.EndOfMessage]),
        (chunks(b"FfF\r\n" + bytes(0xFFF) + b"\r\n0\r\n\r\n"),
         [h11.Request, h11.Data, h11.EndOfMessage]),
        (POST + b"Content-Length: 7\r\n\r\na\nb\r\n\r\n",
         [h11.Request, h11.Data, h11.EndOfMessage]),
        (LIVEZ[:-1], []),
    ],
)  # fmt: skip
def test_unambiguous_request_is_parsed(data: bytes, expected: list[type]) -> None:
    for pieces in halves(data):
        connection = Connection(LIMIT)
        found = [each for piece in pieces for each in events(connection, piece)]
        assert [kind for kind, _ in groupby(found)] == expected
        assert connection.fault is None


def test_input_behind_the_last_request_is_ignored() -> None:
    connection = Connection(LIMIT)
    assert events(connection, LIVEZ[:-2] + CLOSE + b"\r\n") == [h11.Request, h11.EndOfMessage]
    assert events(connection, b"nonsense\n\n" * 9000) == []
    assert connection.trailing_data == (b"", False)


def test_client_that_waits_with_its_body_is_noticed() -> None:
    connection = Connection(LIMIT)
    assert not connection.expects_continue
    events(connection, POST + LENGTH + b"Expect: 100-continue\r\n\r\n")
    assert connection.expects_continue
    assert not connection.they_are_waiting_for_100_continue, "Hypercorn would answer too early"


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_rest_of_a_body_is_dropped_after_the_response(framing: str) -> None:
    connection = Connection(LIMIT)
    part = bytes(MAX_DROPPED // 2)
    if framing == "length":
        head, rest = POST + b"Content-Length: %d\r\n\r\n" % MAX_DROPPED, [part, part]
    else:
        piece = b"%x\r\n%b\r\n" % (len(part), part)
        head, rest = chunks(b""), [piece, piece + b"0\r\n\r\n"]
    assert events(connection, head) == [h11.Request]
    assert not connection.unread
    respond(connection, 401)
    assert connection.unread
    connection.drop_body()
    assert events(connection, rest[0]) == []
    assert (connection.unread, connection.dropped) == (True, False)
    assert events(connection, rest[1] + POST + LENGTH + b"\r\n" + BODY) == [h11.EndOfMessage]
    assert (connection.unread, connection.dropped) == (False, True)
    connection.start_next_cycle()
    assert not connection.dropped
    assert events(connection) == [h11.Request, h11.Data, h11.EndOfMessage]
    assert not connection.dropped


def test_body_that_is_too_long_to_be_dropped_is_refused() -> None:
    connection = Connection(LIMIT)
    events(connection, POST + b"Content-Length: %d\r\n\r\n" % (MAX_DROPPED + 1))
    respond(connection, 401)
    connection.drop_body()
    assert events(connection, bytes(MAX_DROPPED)) == []
    with pytest.raises(Malformed) as error:
        events(connection, b"x")
    assert (error.value.error_status_hint, str(error.value)) == (413, "the body is too long")
    assert connection.fault is error.value


def test_input_after_the_last_response_is_kept() -> None:
    answered = Answered(b"ab")
    answered.receive_data(b"cd")
    assert answered.next_event() is h11.NEED_DATA
    assert answered.received == b"abcd"


def test_line_of_a_chunk_that_never_ends_is_refused() -> None:
    connection = Connection(16_384)
    connection.receive_data(chunks(b"5;" + b"a" * 300))
    assert isinstance(connection.next_event(), h11.Request)
    with pytest.raises(Malformed):
        connection.next_event()
