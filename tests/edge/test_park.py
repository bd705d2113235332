"""Connections without a task: real sockets, the real application, a real PostgreSQL."""

from __future__ import annotations

import errno
import json
import os
import select
import uuid

import httpx
import pytest
import trio

from hunt.core.events import Reward
from hunt.edge.park import HEAD_TIMEOUT, IDLE_TIMEOUT
from hunt.edge.parked_connection import MAX_PIPELINED, READ, ParkedConnection
from hunt.edge.parked_stream import ParkedStream
from hunt.store.driver.pool import open_pool
from tests.support.descriptors import own_files
from tests.support.processes import until
from tests.support.raw_http import LIVEZ, Reader, click, subscribe
from tests.support.serving import connected, park_of, serving


async def test_idle_connection_and_stream_own_no_task(database: str) -> None:
    async with serving(database) as client:
        async with connected(client) as one, connected(client) as two:
            await one.send_all(click())
            assert (await Reader(one).answer())[0] == 200
            before = trio.lowlevel.current_statistics().tasks_living
            await two.send_all(subscribe())
            reader = Reader(two)
            await reader.until(b"\r\n\r\n")
            assert (await reader.events(2))[1].event == "hello"
            kinds = [type(each) for each in park_of(client)._parked.values()]
            assert {ParkedConnection, ParkedStream} <= set(kinds)
            assert trio.lowlevel.current_statistics().tasks_living <= before


async def test_pipelined_requests_are_answered_in_their_order(database: str) -> None:
    ids = [str(uuid.uuid4()) for _ in range(3)]
    async with serving(database) as client, connected(client) as stream:
        sent = [click(id=ids[0]), click(id="no"), click(id=ids[1]), LIVEZ, click(id=ids[2])]
        await stream.send_all(b"".join(sent))
        reader = Reader(stream)
        answers = [await reader.answer() for _ in sent]
        assert [status for status, _, _ in answers] == [200, 400, 200, 200, 200]
        assert [json.loads(answers[n][2])["id"] for n in (0, 2, 4)] == ids


async def test_half_closed_connection_gets_its_response(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(click())
        await stream.send_eof()
        reader = Reader(stream)
        assert (await reader.answer())[0] == 200
        with pytest.raises(EOFError):
            await reader.more()


async def test_connection_is_parked_again_after_hypercorn(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        reader = Reader(stream)
        for _ in range(2):
            await stream.send_all(LIVEZ)
            assert (await reader.answer())[0] == 200
            await stream.send_all(click())
            status, headers, _ = await reader.answer()
            assert (status, headers["content-type"]) == (200, "application/json")
        kinds = [type(each) for each in park_of(client)._parked.values()]
        assert kinds.count(ParkedConnection) >= 1


async def test_stalled_stream_wakes_and_is_parked_again(database: str) -> None:
    # More bytes than both kernel buffers hold, so that the stream must wake.
    prize = "p" * 4000
    async with (
        serving(database, stream_buffer=3000) as client,
        connected(client, receive=4096) as stream,
    ):
        await stream.send_all(subscribe())
        reader = Reader(stream)
        await reader.until(b"\r\n\r\n")
        await reader.events(2)
        first = client.engine.streams.tail.position("harbour") + 1
        count = 2000
        client.engine.streams.tail.committed(
            "harbour", [Reward(first + n, str(n), "ada", prize, 0, "") for n in range(count)]
        )
        [parked] = client.engine.streams.hub._players["harbour"]["ada"]
        assert isinstance(parked, ParkedStream)
        assert parked._mailbox is not None, "it is awake"
        assert client.engine.streams.hub.awake == 1
        waiting, behind = client.engine.streams.hub.backlog()
        assert (0 < waiting < count, behind) == (True, 1)
        seen = []
        while len(seen) < count:
            seen += [json.loads(each.data)["seq"] for each in await reader.events(1)]
        assert seen == list(range(first, first + count))
        with trio.fail_after(5):
            while parked._mailbox is not None:
                await trio.lowlevel.checkpoint()
        assert client.engine.streams.hub.awake == 0
        assert client.engine.streams.hub.backlog() == (0, 0)
        client.engine.streams.tail.committed(
            "harbour", [Reward(first + count, "", "ada", None, 0, "")]
        )
        assert [json.loads(e.data)["seq"] for e in await reader.events(1)] == [first + count]


async def test_drain_ends_parked_streams_with_their_last_chunk(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(subscribe())
        reader = Reader(stream)
        await reader.until(b"\r\n\r\n")
        await reader.events(2)
        await client.engine.operations.drain.run()
        assert (await reader.events(1))[0].event == "drain"
        assert await reader.chunk() == b""
        with pytest.raises(EOFError):
            await reader.more()


async def test_silent_connections_are_ended_in_time(database: str) -> None:
    async with serving(database) as client, connected(client) as idle, connected(client) as slow:
        await slow.send_all(b"POST /v1/hunts/harbour/cl")
        with trio.fail_after(5):
            while not (held := [each for each in park_of(client)._parked.values() if each.buffer]):  # type: ignore[attr-defined]
                await trio.lowlevel.checkpoint()
        [waiting] = held
        assert isinstance(waiting, ParkedConnection)
        waiting.check_timeout(waiting.since + HEAD_TIMEOUT - 1)
        assert waiting.fd >= 0
        waiting.check_timeout(waiting.since + HEAD_TIMEOUT + 1)
        with pytest.raises(EOFError):
            await Reader(slow).more()
        for each in list(park_of(client)._parked.values()):
            each.check_timeout(trio.current_time() + IDLE_TIMEOUT + 1)
        with pytest.raises(EOFError):
            await Reader(idle).more()


async def test_failure_in_the_fast_lane_ends_its_connection_only(database: str) -> None:
    async with serving(database) as client, connected(client) as one, connected(client) as two:
        await two.send_all(click())
        assert (await Reader(two).answer())[0] == 200
        intake = client.engine.play._intake
        limiter, intake._limiter = intake._limiter, None  # type: ignore[assignment]  # a bug, as it were
        await one.send_all(click())
        with pytest.raises(EOFError):
            await Reader(one).more()
        intake._limiter = limiter
        await two.send_all(click())
        assert (await Reader(two).answer())[0] == 200


class FullEpoll:
    """Refuses each new descriptor, as beyond ``fs.epoll.max_user_watches``."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll

    def __getattr__(self, name: str) -> object:
        return getattr(self._epoll, name)

    def register(self, fd: int, mask: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_connection_that_cannot_be_watched_is_closed(database: str) -> None:
    async with serving(database) as client, connected(client) as one:
        await one.send_all(click())
        assert (await Reader(one).answer())[0] == 200
        park, files = park_of(client), own_files(client)
        epoll, parked = park._epoll, len(park._parked)
        park._epoll = FullEpoll(epoll)  # type: ignore[assignment]
        for _ in range(3):
            async with connected(client) as refused:
                with pytest.raises(EOFError):
                    await Reader(refused).more()
        park._epoll = epoll
        assert (len(park._parked), park.faults["contained"]) == (parked, 3)
        await until(lambda: own_files(client) <= files)
        async with connected(client) as two:
            await two.send_all(click())
            assert (await Reader(two).answer())[0] == 200


async def test_defect_in_one_response_leaves_the_batch_its_responses(database: str) -> None:
    async with serving(database) as client, connected(client) as one, connected(client) as two:
        await two.send_all(click())
        reader = Reader(two)
        assert (await reader.answer())[0] == 200
        answers = park_of(client).answers
        park_of(client).answers = None  # type: ignore[assignment]
        await one.send_all(click())
        with pytest.raises(EOFError):
            await Reader(one).more()
        park_of(client).answers = answers
        await two.send_all(click())
        assert (await reader.answer())[0] == 200


async def test_refused_click_leaves_nothing_in_memory(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        reader, park = Reader(stream), park_of(client)
        long = f"X-Long: {'x' * 4000}\r\n"
        for sent, status in (
            (click().replace(b"Bearer ", b"Bearer x"), 401),
            (click(head=long).replace(b"Bearer ", b"Bearer x"), 401),
            (click(head=long), 200),
        ):
            await stream.send_all(sent)
            assert (await reader.answer())[0] == status
            assert len(park.heads.cache) == 0
            [waiting] = [
                each for each in park._parked.values() if isinstance(each, ParkedConnection)
            ]
            assert waiting._head is None
        await stream.send_all(click())
        assert (await reader.answer())[0] == 200
        assert len(park.heads.cache) == 1


async def test_remembered_head_ends_with_its_token(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(database) as client, connected(client) as stream:
        reader, sent = Reader(stream), click()
        for _ in range(2):
            await stream.send_all(sent)
            assert (await reader.answer())[0] == 200
        [waiting] = [
            each for each in park_of(client)._parked.values() if isinstance(each, ParkedConnection)
        ]
        assert waiting._head is not None
        identity = waiting._head.request.identity
        assert identity is not None
        monkeypatch.setattr(client.engine.tokens, "_clock", lambda: identity.until)
        monkeypatch.setattr(client.engine.play.authenticator, "_clock", lambda: identity.until)
        await stream.send_all(sent)
        assert (await reader.answer())[0] == 401


async def test_refused_resume_gets_a_retry_time(database: str) -> None:
    async with serving(database, max_streams_per_player=1) as client:
        async with connected(client) as first, connected(client) as second:
            await first.send_all(subscribe())
            reader = Reader(first)
            await reader.until(b"\r\n\r\n")
            await reader.events(2)
            epoch = client.engine.catalogue.hunts["harbour"].epoch
            await second.send_all(subscribe(head=f"Last-Event-ID: {epoch}-0\r\n"))
            refused = Reader(second)
            assert (await refused.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            [pause] = await refused.events(1)
            assert (pause.retry or 0) > 0
            assert not pause.event
            assert await refused.chunk() == b""
            with pytest.raises(EOFError):
                await refused.more()
            assert client.engine.streams.hub.counts() == {"sse": 1}
            assert client.engine.streams.hub.awake == 0


async def test_pipelined_input_is_bounded_and_not_lost(database: str) -> None:
    count = 400
    async with (
        serving(database) as client,
        connected(client) as stream,
        open_pool(database, size=1) as pool,
    ):
        async with pool.connection() as conn, conn.transaction():
            await conn.execute("select from hunts for update")  # so that no commit ends
            sent = b"".join(click() for _ in range(count))
            assert len(sent) > 2 * MAX_PIPELINED
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stream.send_all, sent)
                with trio.fail_after(5):
                    while not (
                        held := [
                            each
                            for each in park_of(client)._parked.values()
                            if isinstance(each, ParkedConnection) and not each.watched
                        ]
                    ):
                        await trio.lowlevel.checkpoint()
                assert len(held[0].buffer) <= MAX_PIPELINED + READ
                nursery.cancel_scope.cancel()
        reader = Reader(stream)
        assert (await reader.answer())[0] == 200
        assert (await reader.answer())[0] == 200


async def test_connections_are_counted_wherever_they_are(database: str) -> None:
    async with serving(database) as client:
        async with connected(client) as one:
            await one.send_all(click())
            await Reader(one).answer()
            text = (await client.get("/metrics")).text
            assert "hunt_connections 2.0" in text
        with trio.fail_after(5):
            while "hunt_connections 1.0" not in (await client.get("/metrics")).text:
                await trio.lowlevel.checkpoint()
    assert isinstance(client, httpx.AsyncClient)
