"""Hostile input ends no process, and leaves no resources in use."""

from __future__ import annotations

import pytest
import trio

from hunt.web.asgi_http import NOWHERE, path_of
from tests.support.descriptors import own_files
from tests.support.hostile_input import HOST, NO_PATHS, corpus, leave, send
from tests.support.raw_http import LIVEZ, Reader
from tests.support.serving import connected, serving


@pytest.mark.parametrize("lane", [True, False], ids=["fast-lane", "quart"])
async def test_process_survives_every_hostile_input(database: str, lane: bool) -> None:
    inputs = list(corpus())
    assert len(inputs) >= 250
    async with serving(database, fast_lane=lane, heartbeat=1.0) as client:
        assert (await client.click()).status_code == 200
        tasks = trio.lowlevel.current_statistics().tasks_living
        files = own_files(client)
        for number, data in enumerate(inputs):
            async with connected(client) as stream:
                await send(stream, data)
                await leave(stream, number)
            async with connected(client) as stream:
                await stream.send_all(LIVEZ)
                status, _, _ = await Reader(stream).answer()
                assert status == 200, f"after input {number}: {data[:200]!r}"
        assert (await client.click()).status_code == 200
        with trio.fail_after(30):
            while (
                trio.lowlevel.current_statistics().tasks_living > tasks + 2  # a lane, a timer
                or own_files(client) > files
                or client.engine.streams.hub.counts().get("sse", 0)  # up to a heartbeat
            ):
                await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("target", NO_PATHS)
async def test_target_that_is_not_a_path_matches_no_route(database: str, target: bytes) -> None:
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        status, headers, _ = await Reader(stream).answer()
        assert (status, headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("host", [b"127..0.1", b"a" * 64, b".", b"[", b"a b", b"\xff", b"x:y", b""])
async def test_any_host_header_is_served(database: str, host: bytes) -> None:
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(b"GET /v1/hunts HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        status, _, _ = await Reader(stream).answer()
        assert status == 200


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/livez", "/livez"), ("//x", NOWHERE), ("http://hunt", "/"), ("http://hunt/a", "/a"),
            ("http://hunt//a", NOWHERE),
        ("*", "*"), ("", NOWHERE), ("http:", NOWHERE), ("http://[/a", NOWHERE),
    ],
)  # fmt: skip
def test_path_is_read_from_a_target(target: str, path: str) -> None:
    assert path_of(target) == path


@pytest.mark.parametrize("lane", [True, False], ids=["fast-lane", "quart"])
async def test_upgrade_to_h2c_is_ignored(database: str, lane: bool) -> None:
    asked = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    asked += b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    async with serving(database, fast_lane=lane) as client, connected(client) as stream:
        await stream.send_all(b"GET /livez HTTP/1.1\r\n" + HOST + asked + b"\r\n")
        status, headers, body = await Reader(stream).answer()
        assert (status, headers["content-type"]) == (200, "application/json")
        assert body == b'{"alive":true}'
