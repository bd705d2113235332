"""What the fast lane takes for plain, and what it leaves to Hypercorn."""

from __future__ import annotations

import pytest

from hunt.edge.request import MAX_REMEMBERED, REMEMBERED, Heads, Request, parse

CLICK = (
    b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\nHost: hunt:80\r\nAuthorization: Bearer t\r\n"
    b"Content-Type: application/json\r\nContent-Length: 69\r\n\r\n"
)
EVENTS = (
    b"GET /v1/hunts/harbour/events?scope=all&last_event_id=k1-7 HTTP/1.1\r\nHost: hunt:8000\r\n"
    b"Cookie: a=b; hunt_player=c\r\nAccept: text/event-stream\r\n\r\n"
)


def test_a_plain_click() -> None:
    request = parse(CLICK)
    assert request is not None
    assert (request.length, request.id) == (69, None)
    asked = request.asked
    assert (asked.hunt, asked.host, asked.authorization) == ("harbour", "hunt", "Bearer t")
    assert asked.content_type == "application/json"


def test_a_plain_stream() -> None:
    request = parse(EVENTS)
    assert request is not None
    assert request.length is None
    asked = request.asked
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
def test_what_is_odd_is_left_to_hypercorn(old: bytes, new: bytes) -> None:
    assert CLICK.count(old) >= 1
    assert parse(CLICK.replace(old, new, 1)) is None


def accepted(heads: Heads, head: bytes) -> Request:
    request = heads.read(head)
    assert request is not None
    heads.remember(request)
    return request


def test_head_is_remembered_once_its_player_is_known() -> None:
    heads = Heads()
    first = heads.read(CLICK)
    assert first is not None
    assert heads.read(CLICK) is not first, "whoever is refused takes no memory"
    heads.remember(first)
    assert heads.read(bytes(bytearray(CLICK))) is first
    assert first.remembered
    assert heads.read(CLICK.replace(b"HTTP/1.1", b"HTTP/1.0")) is None


def test_long_head_is_not_remembered() -> None:
    heads = Heads()
    for size in (1, 10):
        long = CLICK.replace(b"Bearer t", b"Bearer " + b"t" * (MAX_REMEMBERED - len(CLICK) + size))
        assert accepted(heads, long).remembered == (size == 1)
    assert len(heads.known) == 1


def test_remembered_heads_are_bounded_by_bytes() -> None:
    heads = Heads()
    for number in range(5000):
        accepted(heads, CLICK.replace(b"Bearer t", b"Bearer " + b"%d" % number * 300))
    assert len(heads.known) * 1500 < REMEMBERED
    for _ in range(2):
        heads.known.turn()
    assert len(heads.known) == 0
