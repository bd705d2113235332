"""Reads on the fast lane: which requests it serves, and that Quart's answers are equal."""

from __future__ import annotations

import gzip
import random
import re
from typing import Literal

import pytest
import trio

from hunt.edge.head import (
    INCOMPLETE,
    MAX_CACHED,
    OTHER,
    READS_CACHE_SIZE,
    HeadCache,
    ParsedHead,
)
from hunt.play.replies import Document
from hunt.play.resources import Fixed, Resources
from tests.support.seeds import SEED
from tests.support.serving import Client, connected, serving, token

ROUNDS = 80

PATHS = (
    "/", "/?hunt=harbour", "/docs", "/docs/problems", "/ops", "/proof",
    "/proof/harbour", "/openapi.json", "/static/hunt.js",
    "/static/icon-192.png", "/static/lib/hunt.js", "/static/nothing.js", "/v1/hunts", "/v1/hunts?x",
    "/v1/hunts/harbour", "/v1/hunts/nowhere", "/v1/hunts/NO", "/v1/hunts/harbour/", "//v1/hunts",
    "/v1/hunts/harbour/leaderboard", "/v1/hunts/harbour/leaderboard?limit=3",
    "/v1/hunts/harbour/leaderboard?limit=0", "/v1/hunts/harbour/leaderboard?limit=%33",
    "/v1/hunts/nowhere/leaderboard", "/v1/hunts/harbour/rewards",
    "/v1/hunts/harbour/rewards?limit=x",
    "/v1/hunts/harbour/rewards?after=1&after=2", "/livez", "/readyz", "/v1/session",
)  # fmt: skip
OPTIONAL = (
    ("Accept-Encoding", "gzip, br"), ("Accept-Encoding", "gzip;q=0"), ("If-None-Match", "*"),
    ("If-None-Match", 'W/"x", "y"'), ("Origin", "https://app.example"), ("Origin", "http://hunt"),
    ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("X-Request-Id", "mine"),
    ("Cookie", "hunt_player=x"), ("Authorization", "Bearer x"), ("Content-Length", "0"),
    ("Connection", "keep-alive"), ("Range", "bytes=0-1"), ("X-Forwarded-For", "192.0.2.1"),
)  # fmt: skip

#: Parts that differ in each response.
_OWN = re.compile(
    rb"^(date|server|x-request-id|set-cookie): [^\r]*\r\n|guest-[0-9a-f]+|\"process\":[0-9]+"
    rb"|\"(commitment|epoch|seal)\":\"[^\"]+\"",
    re.MULTILINE,
)


def request(choose: random.Random) -> bytes:
    headers = {"Host": "hunt"}
    if choose.random() < 0.7:
        headers["Authorization"] = f"Bearer {token(choose.choice(['ada', 'bob']))}"
    headers |= dict(choose.sample(OPTIONAL, choose.choice([0, 0, 1, 2, 3])))
    method = choose.choice(["GET"] * 5 + ["HEAD"] * 2 + ["POST"] * 2 + ["OPTIONS"])
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {choose.choice(PATHS)} HTTP/1.1\r\n{head}\r\n".encode()


async def answer(client: Client, data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Return the status, the headers and the body of the answer to one request."""
    last = b"GET /nothing HTTP/1.1\r\nHost: hunt\r\nConnection: close\r\n\r\n"
    received = b""
    async with connected(client) as stream:
        with trio.fail_after(20):
            await stream.send_all(data + last)
            while more := await stream.receive_some(65536):
                received += more
    first = received[: received.rindex(b"HTTP/1.1 404 ")]
    head, _, body = first.partition(b"\r\n\r\n")
    status, *headers = _OWN.sub(b"", head + b"\r\n").rstrip().split(b"\r\n")
    if b"content-encoding: gzip" in headers:
        # The seeds of the two hunts differ, and with them the compressed length of a page.
        headers = [each for each in headers if not each.startswith(b"content-length: ")]
        body = gzip.decompress(body)
    return status, sorted(headers), _OWN.sub(b"", body)


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_both_ways_give_equal_answers(
    database: str, other_database: str, over_tls: bool
) -> None:
    choose = random.Random(SEED)
    options = {"trusted_proxies": ("127.0.0.0/8",), "allowed_origins": ("https://app.example",)}
    async with (
        serving(database, fast_lane=True, over_tls=over_tls, **options) as fast,
        serving(other_database, fast_lane=False, over_tls=over_tls, **options) as plain,
    ):
        for client in (fast, plain):
            await client.engine.leaderboard.get("harbour")
        for number in range(ROUNDS):
            data = request(choose)
            one, two = await answer(fast, data), await answer(plain, data)
            if data.split()[1].startswith((b"/v1/hunts/harbour", b"/?")) or data.split()[1] == b"/":
                for headers in (one[1], two[1]):  # the seeds of the two hunts differ
                    headers[:] = [each for each in headers if not each.startswith(b"etag: ")]
            assert one == two, f"seed {SEED}, round {number}: {data!r}"


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_reads_do_not_reach_quart(
    database: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(database, over_tls=over_tls) as client:

        async def reached(*args: object) -> None:
            raise AssertionError("the request was handed to Hypercorn")

        monkeypatch.setattr("hunt.edge.http1.HTTP1.initiate", reached)
        for path in ("/", "/static/hunt.js", "/v1/hunts", "/v1/hunts/harbour", "/livez", "/readyz",
                     "/v1/hunts/harbour/leaderboard", "/v1/hunts/harbour/rewards", "/metrics",
                     "/v1/hunts/harbour?a=1", "/docs", "/openapi.json", "/ops"):  # fmt: skip
            assert (await client.get(path)).status_code == 200, path
            assert (await client.head(path)).status_code == 200, path
        assert (await client.post("/v1/session")).status_code == 201


async def test_read_over_the_connection_limit_is_refused(database: str) -> None:
    async with serving(database, max_connections_per_address=1) as client:
        async with client.stream("GET", "/v1/hunts/harbour/events"):
            async with connected(client) as stream:
                await stream.send_all(b"GET /v1/hunts HTTP/1.1\r\nHost: hunt\r\n\r\n")
                received = b""
                with trio.fail_after(10):
                    while more := await stream.receive_some(65536):
                        received += more
    assert received.startswith(b"HTTP/1.1 503 ")


async def test_large_answer_arrives_whole_although_the_client_is_slow(database: str) -> None:
    async with serving(database) as client, connected(client, receive=2048) as stream:
        path = b"/static/vendor/uPlot.iife.min.js"
        one = b"GET %b HTTP/1.1\r\nHost: hunt\r\n\r\n" % path
        await stream.send_all(one * 100)
        size = len((await client.get(path.decode(), headers={"Accept-Encoding": ""})).content)
        received = 0
        with trio.fail_after(20):
            while received < 100 * size:
                received += len(await stream.receive_some(2**20))


class Posted(Fixed):
    methods = frozenset({"POST"})


PAGE = Fixed("/{page}", Document(b"x"))
POSTED = Posted("/v1/session", Document(b"x"))


def resources() -> Resources:
    fixed = {"/": PAGE, "/v1/session": POSTED}
    return Resources(fixed, {"": PAGE}, {"/metrics": PAGE}, everywhere=False)


HEAD = b"GET /v1/hunts/harbour?a=b HTTP/1.1\r\nHost: hunt\r\n\r\n"


def found(heads: HeadCache, data: bytes = HEAD) -> ParsedHead:
    parsed = heads.next_request(data)
    assert isinstance(parsed, ParsedHead)
    return parsed


def padded(size: int, number: int = 0) -> bytes:
    """Return a head of a size, which differs by number."""
    head = HEAD.replace(b"\r\n\r\n", b"\r\nX: %0*d\r\n\r\n")
    return head % (size - len(head % (1, 0)) + 1, number)


def test_head_of_a_read_is_cached_apart_from_those_of_clicks() -> None:
    heads = HeadCache("http", resources())
    first = found(heads)
    assert (first.request.hunt, first.request.query, first.length) == ("harbour", "a=b", 0)
    heads.keep_read(first)
    assert first.cached
    assert heads.next_request(HEAD) is first
    assert (len(heads.cache), len(heads.reads)) == (0, 1)
    trace = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    for line in (b"X-Request-Id: 7", trace):
        other = found(heads, HEAD.replace(b"Host", line + b"\r\nHost"))
        heads.keep_read(other)
        assert not other.cached
    for size in (MAX_CACHED, MAX_CACHED + 1):
        long = found(heads, padded(size))
        heads.keep_read(long)
        assert long.cached == (size == MAX_CACHED)
    assert len(heads.reads) == 2


def test_cached_heads_of_reads_are_bounded_by_bytes() -> None:
    heads = HeadCache("http", resources())
    most = READS_CACHE_SIZE // 2 // (1500 + 2 * MAX_CACHED)  # of each generation of the cache
    for number in range(2 * most + 1):
        assert len(heads.reads) == number
        heads.keep_read(found(heads, padded(MAX_CACHED, number)))
    assert len(heads.reads) == most + 1


@pytest.mark.parametrize(
    ("scheme", "head", "method", "resource"),
    [
        ("https", b"GET / HTTP/1.1\r\nHost: hunt:443\r\n\r\n", "GET", PAGE),
        ("http", b"HEAD / HTTP/1.1\r\nHost: hunt:80\r\n\r\n", "HEAD", PAGE),
        ("http", b"POST /v1/session HTTP/1.1\r\nHost: hunt\r\n\r\n", "POST", POSTED),
    ],
)
def test_head_of_a_read_names_its_resource(
    scheme: Literal["http", "https"], head: bytes, method: str, resource: Fixed
) -> None:
    parsed = found(HeadCache(scheme, resources()), head)
    assert (parsed.method, parsed.route, parsed.resource) == (method, resource.route, resource)
    assert (parsed.request.host, parsed.request.query, parsed.request.hunt) == ("hunt", "", "")


@pytest.mark.parametrize(
    ("given", "length"),
    [(b"0", 0), (b"1", 1), (b"4096", 4096), (b"4097", None), (b"+1", None), (b"01", None)],
)
def test_only_a_small_body_is_read_for_a_resource(given: bytes, length: int | None) -> None:
    heads = HeadCache("http", resources())
    data = b"POST /v1/session HTTP/1.1\r\nHost: hunt\r\nContent-Length: %b\r\n\r\n" % given
    if length is None:
        assert heads.next_request(data + bytes(5000)) is OTHER
    else:
        assert found(heads, data + bytes(length)).length == length
        assert length == 0 or heads.next_request(data + bytes(length - 1)) is INCOMPLETE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"?a=b", b"?a=\"b", id="odd query"),
        pytest.param(b"harbour?", b"harbour%2f?", id="escaped"),
        pytest.param(b"/v1/hunts/harbour?a=b", b"/metrics", id="operations address"),
        pytest.param(b"/v1/hunts/harbour?a=b", b"/nothing", id="no resource"),
        pytest.param(b"GET", b"DELETE", id="method"),
        pytest.param(b"Host: hunt", b"Host: hunt\r\nContent-Length: 0", id="body"),
        pytest.param(b"Host: hunt", b"Host: hunt\r\nConnection: close", id="close"),
        pytest.param(b"Host: hunt", b"Host: hunt\r\nExpect: 100-continue", id="expect"),
        pytest.param(b"Host: hunt", b"Host: a\r\nHost: b", id="two hosts"),
        pytest.param(
            b"Host: hunt", b"Host: hunt\r\nIf-None-Match: a\r\nIf-None-Match: b", id="two tags"
        ),
        pytest.param(b"HTTP/1.1", b"HTTP/1.0", id="version"),
    ],
)  # fmt: skip
def test_unusual_read_is_for_hypercorn(old: bytes, new: bytes) -> None:
    assert old in HEAD
    assert HeadCache("http", resources()).next_request(HEAD.replace(old, new)) is OTHER
    assert HeadCache().next_request(HEAD) is OTHER
