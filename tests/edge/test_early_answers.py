"""A request that is answered before its body has arrived does not end its connection."""

from __future__ import annotations

import pytest
from hypercorn.config import Config

from hunt.edge.framing import MAX_DROPPED
from tests.support.raw_http import LIVEZ, WAYS, Reader, at_its_end
from tests.support.serving import connected, serving

#: Requests that are refused by their head, and the status.
REFUSED = {
    "click": ("POST /v1/hunts/harbour/clicks", "Authorization: Bearer x", 401),
    "session": ("POST /v1/session", "Cookie: hunt_player=x\r\nOrigin: https://evil.example", 403),
    "ticket": ("POST /v1/tickets", "Authorization: Bearer x", 401),
    "administration": ("PUT /v1/admin/hunts/harbour", "Authorization: Bearer x", 401),
    "no route": ("POST /nowhere", "Accept: */*", 404),
    "other method": ("POST /livez", "Accept: */*", 405),
    "long click": ("POST /v1/hunts/harbour/clicks", "Content-Type: application/json", 401),
}
BODIES = {
    "length": ("Content-Length: 9000", b"x" * 9000),
    "chunked": (
        "Transfer-Encoding: chunked",
        b"1\r\nx\r\n1000\r\n" + b"y" * 4096 + b"\r\n0\r\n\r\n",
    ),
}


def head(name: str, framing: str) -> bytes:
    line, header, _ = REFUSED[name]
    return f"{line} HTTP/1.1\r\nHost: hunt\r\n{header}\r\n{framing}\r\n\r\n".encode()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("body", BODIES)
async def test_request_behind_a_late_body_is_answered(database: str, way: str, body: str) -> None:
    fast_lane, over_tls = WAYS[way]
    framing, data = BODIES[body]
    async with (
        serving(database, fast_lane=fast_lane, over_tls=over_tls) as client,
        connected(client) as stream,
    ):
        reader = Reader(stream)
        for name, (_, _, status) in REFUSED.items():
            await stream.send_all(head(name, framing))
            answered, headers, _ = await reader.answer()
            assert (answered, "connection" in headers) == (status, False), name
            for piece in (data[:1], data[1:50], data[50:] + LIVEZ):
                await stream.send_all(piece)
            assert (await reader.answer())[0] == 200, name


async def test_body_that_is_too_long_ends_the_connection(database: str) -> None:
    async with serving(database, fast_lane=False) as client:
        async with connected(client) as stream:
            await stream.send_all(head("ticket", f"Content-Length: {MAX_DROPPED + 1}"))
            status, headers, _ = await Reader(stream).answer()
            assert (status, headers["connection"]) == (401, "close")
        async with connected(client) as stream:
            await stream.send_all(head("ticket", "Transfer-Encoding: chunked"))
            reader = Reader(stream)
            assert (await reader.answer())[0] == 401
            await stream.send_all(b"%x\r\n" % (MAX_DROPPED + 1) + b"x" * (MAX_DROPPED + 1) + LIVEZ)
            assert await at_its_end(reader) == b""


async def test_malformed_rest_of_a_body_ends_the_connection(database: str) -> None:
    async with serving(database, fast_lane=False) as client, connected(client) as stream:
        await stream.send_all(head("ticket", "Transfer-Encoding: chunked"))
        reader = Reader(stream)
        assert (await reader.answer())[0] == 401
        await stream.send_all(b"no size\r\n" + LIVEZ)
        assert await at_its_end(reader) == b""


@pytest.mark.parametrize("way", WAYS)
async def test_body_that_never_arrives_ends_the_connection(
    database: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Config, "keep_alive_timeout", 0.1)
    fast_lane, over_tls = WAYS[way]
    async with (
        serving(database, fast_lane=fast_lane, over_tls=over_tls) as client,
        connected(client) as stream,
    ):
        await stream.send_all(head("ticket", "Content-Length: 2"))
        reader = Reader(stream)
        assert (await reader.answer())[0] == 401
        assert await at_its_end(reader) == b""


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_connection_that_waits_for_a_body_makes_room(database: str, over_tls: bool) -> None:
    limit = {"max_connections": 1, "max_connections_per_address": 0, "over_tls": over_tls}
    async with (
        serving(database, fast_lane=False, **limit) as client,
        connected(client) as first,
    ):
        await first.send_all(head("ticket", "Content-Length: 2"))
        reader = Reader(first)
        assert (await reader.answer())[0] == 401
        async with connected(client) as second:
            await second.send_all(LIVEZ)
            assert (await Reader(second).answer())[0] == 200
            assert await at_its_end(reader) == b""
