"""Heads of requests: those of the fast lane, and those for Hypercorn."""

from __future__ import annotations

import pytest

from hunt.core.forwarding import Forwarded
from hunt.edge.head import (
    CACHE_SIZE,
    INCOMPLETE,
    MAX_CACHED,
    OTHER,
    HeadCache,
    ParsedHead,
    parse,
)
from hunt.play import contract
from hunt.play.request import CachedIdentity, Request

CLICK = (
    b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\nHost: hunt:80\r\nAuthorization: Bearer t\r\n"
    b"Content-Type: application/json\r\nContent-Length: 69\r\n\r\n"
)
EVENTS = (
    b"GET /v1/hunts/harbour/events?scope=all&last_event_id=k1-7 HTTP/1.1\r\nHost: hunt:8000\r\n"
    b"Cookie: a=b; hunt_player=c\r\nAccept: text/event-stream\r\n\r\n"
)
BODY = b"x" * 69


def test_a_plain_click() -> None:
    parsed = parse(CLICK)
    assert parsed is not None
    assert (parsed.length, parsed.request.id) == (69, None)
    asked = parsed.request
    assert (asked.hunt, asked.host, asked.authorization) == ("harbour", "hunt", "Bearer t")
    assert asked.content_type == "application/json"


def test_a_plain_stream() -> None:
    parsed = parse(EVENTS)
    assert parsed is not None
    assert parsed.length is None
    asked = parsed.request
    assert (asked.scope, asked.last_event_id, asked.cookie) == ("all", "k1-7", "c")
    assert asked.host == "hunt:8000"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"Host: hunt:80\r\n", b"", id="no host"),
        pytest.param(b"Host: hunt:80", b"Host: a\r\nHost: b", id="two hosts"),
        pytest.param(b"Host: hunt:80", b"Host: a b", id="no name of a host"),
        pytest.param(
            b"Content-Length: 69", b"Content-Length: 69\r\nContent-Length: 69", id="twice"
        ),
        pytest.param(b"Content-Length: 69", b"Content-Length: 69, 69", id="list"),
        pytest.param(b"Content-Length: 69", b"Content-Length: +69", id="sign"),
        pytest.param(b"Content-Length: 69", b"Content-Length: 069", id="zero"),
        pytest.param(b"Content-Length: 69", b"Content-Length: 4097", id="large"),
        pytest.param(b"Content-Length: 69", b"Content-Length: 0x45", id="hex"),
        pytest.param(b"Content-Length: 69\r\n", b"", id="no length"),
        pytest.param(b"Content-Length: 69", b"Content-Length : 69", id="space before the colon"),
        pytest.param(b"Content-Length: 69", b"Transfer-Encoding: chunked", id="chunked"),
        pytest.param(
            b"Content-Length: 69", b"Content-Length: 69\r\nTransfer-Encoding: x", id="both"
        ),
        pytest.param(b"\r\nHost", b"\nHost", id="bare LF"),
        pytest.param(b"\r\nHost", b"\r\r\nHost", id="bare CR"),
        pytest.param(b"Bearer t", b"Bearer\r\n t", id="obs-fold"),
        pytest.param(b"Bearer t", b"Bearer\r\n\tt", id="obs-fold by tab"),
        pytest.param(b"Bearer t", b"Bearer \x00t", id="NUL"),
        pytest.param(b"Bearer t", "Bearer é".encode(), id="no ASCII"),
        pytest.param(b"HTTP/1.1", b"HTTP/1.0", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1", b"HTTP/1.1 ", id="space after the version"),
        pytest.param(b"POST /", b"POST  /", id="two spaces"),
        pytest.param(b"POST /", b"post /", id="lower case"),
        pytest.param(b"POST /v1", b"POST http://hunt/v1", id="absolute"),
        pytest.param(b"harbour/", b"har%62our/", id="escaped"),
        pytest.param(b"clicks", b"clicks?a=b", id="query"),
        pytest.param(b"clicks", b"clicks/", id="slash"),
        pytest.param(b"clicks", b"events", id="wrong method"),
        pytest.param(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", id="close"),
        pytest.param(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n", id="expect"),
        pytest.param(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\n\r\n", id="upgrade"),
        pytest.param(b"\r\n\r\n", b"\r\nCookie: a\r\nCookie: b\r\n\r\n", id="two cookies"),
        pytest.param(b"\r\n\r\n", b"\r\n: x\r\n\r\n", id="no name"),
        pytest.param(b"\r\n\r\n", b"\r\nX: " + b"x" * 9000 + b"\r\n\r\n", id="long"),
    ],
)
def test_unusual_head_is_left_to_hypercorn(old: bytes, new: bytes) -> None:
    assert CLICK.count(old) >= 1
    assert parse(CLICK.replace(old, new, 1)) is None


def with_headers(*lines: str) -> bytes:
    return CLICK.replace(b"\r\n\r\n", "\r\n".join(["", *lines, "", ""]).encode())


def test_headers_of_a_click_are_passed_on() -> None:
    parsed = parse(
        with_headers(
            "Cookie: hunt_player=c; a=b", "Origin: http://hunt:80", "Sec-Fetch-Site: none",
            "X-Request-Id: r1", "X-Other: x", "X-Other: y", "Last-Event-ID: k1-1",
            "Forwarded: for=1.2.3.4", "X-Forwarded-For: 5.6.7.8", "X-Forwarded-Proto: https",
        )
    )  # fmt: skip
    assert parsed is not None
    assert parsed.request == Request(
        hunt="harbour", host="hunt", authorization="Bearer t", cookie="c",
        origin="http://hunt:80", fetch_site="none", content_type="application/json",
        last_event_id="k1-1", forwarded=Forwarded("for=1.2.3.4", "5.6.7.8", "https"), id="r1",
    )  # fmt: skip
    assert (parsed.request.id, parsed.route, parsed.raw[-4:]) == (
        "r1",
        contract.CLICKS,
        b"\r\n\r\n",
    )


@pytest.mark.parametrize(
    ("line", "forwarded"),
    [
        ("Forwarded: for=a", Forwarded(forwarded="for=a")),
        ("X-Forwarded-For: a", Forwarded(forwarded_for="a")),
        ("X-Forwarded-Proto: http", Forwarded(forwarded_proto="http")),
        ("X-Forwarded-Host: a", None),
    ],
)
def test_any_forwarding_header_is_passed_on(line: str, forwarded: Forwarded | None) -> None:
    parsed = parse(with_headers(line))
    assert parsed is not None
    assert parsed.request.forwarded == forwarded


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        ("hunt", "http", "hunt"),
        ("hunt:80", "http", "hunt"),
        ("hunt:443", "https", "hunt"),
        ("hunt:80", "https", "hunt:80"),
        ("hunt:443", "http", "hunt:443"),
        ("[::1]:8000", "http", "[::1]:8000"),
        ("[::1]", "http", "[::1]"),
    ],
)
def test_host_is_without_the_port_of_its_scheme(host: str, scheme: str, expected: str) -> None:
    head = CLICK.replace(b"hunt:80", host.encode())
    parsed = HeadCache(scheme).next_request(head + BODY)  # type: ignore[arg-type]
    assert isinstance(parsed, ParsedHead)
    assert parsed.request.host == expected
    assert parse(head, scheme) == parsed


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("", None, None),
        ("?last_event_id=a&last_event_id=b", None, "a"),
        ("?lastEventId=c", None, "c"),
        ("?lastEventId=c&last_event_id=a", None, "a"),
        ("?last_event_id=&lastEventId=c", None, "c"),
        ("?last_event_id=a", "h", "h"),
    ],
)
def test_last_event_id_comes_from_the_header_or_the_query(
    query: str, header: str | None, expected: str | None
) -> None:
    extra = "" if header is None else f"Last-Event-ID: {header}\r\n"
    parsed = parse(
        f"GET /v1/hunts/harbour/events{query} HTTP/1.1\r\nHost: hunt\r\n{extra}\r\n".encode()
    )
    assert parsed is not None
    assert parsed.request.last_event_id == expected
    assert (parsed.request.scope, parsed.request.ticket, parsed.route) == (
        None,
        None,
        contract.EVENTS,
    )


def test_ticket_and_scope_come_from_the_query() -> None:
    parsed = parse(
        b"GET /v1/hunts/harbour/events?ticket=a.b-c_d&scope=own HTTP/1.1\r\nHost: hunt\r\n\r\n"
    )
    assert parsed is not None
    assert (parsed.request.ticket, parsed.request.scope) == ("a.b-c_d", "own")


@pytest.mark.parametrize(
    ("lines", "served"),
    [
        (["Origin: http://hunt:80"], True),
        (["Origin: https://hunt:80"], True),
        (["Origin: http://hunt"], False),
        (["Origin: null"], False),
        (["Origin: http://evil.example://hunt:80"], False),
        (["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"], False),
        (["Origin: http://behind.proxy", "Sec-Fetch-Site: same-origin"], True),
        (["Origin: http://behind.proxy", "Sec-Fetch-Site: none"], True),
        (["Origin: http://behind.proxy", "Sec-Fetch-Site: same-site"], False),
        (["Sec-Fetch-Site: cross-site"], True),
        (["Connection: Keep-Alive"], True),
        (["Connection: keep-alive, x"], False),
    ],
)
def test_request_of_another_origin_is_left_to_quart(lines: list[str], served: bool) -> None:
    assert (parse(with_headers(*lines)) is not None) == served


@pytest.mark.parametrize("length", [0, 1, 4096, 4097])
def test_body_of_at_most_4096_bytes_is_read(length: int) -> None:
    parsed = parse(CLICK.replace(b"Length: 69", b"Length: %d" % length))
    assert (parsed is not None) == (length <= 4096)
    assert parsed is None or parsed.length == length


@pytest.mark.parametrize(("size", "read"), [(8192, True), (8193, False)])
def test_head_of_at_most_8192_bytes_is_read(size: int, read: bool) -> None:
    filled = with_headers("X: " + "x" * (size - len(with_headers("X: "))))
    assert len(filled) == size
    assert (parse(filled) is not None) == read
    assert HeadCache().next_request(filled[:8191]) is INCOMPLETE
    unended = filled[:-4] + b"xxxx"
    assert (HeadCache().next_request(unended) is INCOMPLETE) == read


@pytest.mark.parametrize(
    ("buffer", "hot"),
    [
        (b"", True),
        (b"P", True),
        (b"G", True),
        (b"GET /v1/hunts/", True),
        (b"GET /v1/hunts/harbour/events HTTP/1.1\r\nHost: h\r\n", True),
        (b"GET /v1/hunts/harbour/events HTTP/1.1\nHost: h", False),
        (b"HEAD /", True),
        (b"POST /v1/s", True),
        (b"POST /v1/t", False),
        (b"PUT", False),
        (b"get", False),
    ],
)
def test_incomplete_head_waits_while_it_may_become_hot(buffer: bytes, hot: bool) -> None:
    assert HeadCache().next_request(buffer) is (INCOMPLETE if hot else OTHER)


@pytest.mark.parametrize("behind", [b"", b"POST", CLICK])
def test_click_is_a_request_once_its_body_has_arrived(behind: bytes) -> None:
    heads = HeadCache()
    for size in (0, 1, 68):
        assert heads.next_request(CLICK + BODY[:size]) is INCOMPLETE
    assert heads.next_request(CLICK + BODY + behind) == parse(CLICK)


def test_input_behind_a_stream_is_left_to_hypercorn() -> None:
    heads = HeadCache()
    assert heads.next_request(EVENTS) == parse(EVENTS)
    assert heads.next_request(EVENTS + b"G") is OTHER


IDENTITY = CachedIdentity("ada", until=1e12, generation=0, allowed=True, unsupported=None)


def accepted(heads: HeadCache, head: bytes) -> ParsedHead:
    parsed = heads.next_request(head + BODY)
    assert isinstance(parsed, ParsedHead)
    parsed.request.identity = IDENTITY
    heads.keep(parsed)
    return parsed


@pytest.mark.parametrize(
    ("parent", "cached"),
    [("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", False), ("none", True)],
)
def test_head_with_a_trace_is_not_cached(parent: str, cached: bool) -> None:
    heads = HeadCache()
    head = CLICK.replace(b"\r\n\r\n", f"\r\ntraceparent: {parent}\r\n\r\n".encode())
    parsed = accepted(heads, head)
    assert (parsed.request.trace is None) is cached
    assert (heads.next_request(head + BODY) is parsed) is cached
    assert parsed.cached is cached


def test_head_is_cached_once_its_player_is_authenticated() -> None:
    heads = HeadCache()
    first = heads.next_request(CLICK + BODY)
    assert isinstance(first, ParsedHead)
    heads.keep(first)
    assert heads.next_request(CLICK + BODY) is not first, "refused clients take no memory"
    first.request.identity = IDENTITY
    heads.keep(first)
    assert heads.next_request(bytes(bytearray(CLICK + BODY))) is first
    assert first.cached
    assert heads.next_request(CLICK.replace(b"HTTP/1.1", b"HTTP/1.0")) is OTHER


def test_long_head_is_not_remembered() -> None:
    heads = HeadCache()
    for size in (1, 10):
        long = CLICK.replace(b"Bearer t", b"Bearer " + b"t" * (MAX_CACHED - len(CLICK) + size))
        assert accepted(heads, long).cached == (size == 1)
    assert len(heads.cache) == 1


@pytest.mark.parametrize("size", [300, MAX_CACHED])
def test_remembered_heads_are_bounded_by_bytes(size: int) -> None:
    heads = HeadCache()
    most = CACHE_SIZE // 2 // (1500 + 2 * size)  # of each generation of the cache
    filled = CLICK.replace(b"Bearer t", b"Bearer %0*d")
    width = size - len(filled % (1, 0)) + 1
    for number in range(2 * most):
        accepted(heads, filled % (width, number))
    assert len(heads.cache) == 2 * most
    accepted(heads, filled % (width, 2 * most))
    assert len(heads.cache) == most + 1
    for _ in range(2):
        heads.cache.rotate()
    assert len(heads.cache) == 0


def test_head_has_the_method_and_the_route_of_its_request() -> None:
    click, events = parse(CLICK), parse(EVENTS)
    assert click is not None
    assert events is not None
    assert (click.method, click.route) == ("POST", contract.CLICKS)
    assert (events.method, events.route) == ("GET", contract.EVENTS)


def test_connections_are_in_clear_by_default() -> None:
    parsed = HeadCache().next_request(CLICK + BODY)
    assert isinstance(parsed, ParsedHead)
    assert parsed.request.host == "hunt"
