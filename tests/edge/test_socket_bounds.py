"""A hostile client of a WebSocket can end only its own connection."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
import trio

from hunt.core.events import Reward
from hunt.edge import sending, websocket
from hunt.edge.websocket import MAX_PONGS, WebSocket
from hunt.play.session import MAX_OUTSTANDING, Session
from tests.support.descriptors import own_files
from tests.support.raw_websocket import CLOSE, PING, TEXT, Talk, frame, say, talking
from tests.support.seeds import SEED
from tests.support.serving import Client, serving

CONTINUATION = 0


def web_of(session: Session) -> WebSocket:
    """Return the WebSocket of a session."""
    assert isinstance(session._link, WebSocket)
    return session._link


def sockets_of(client: Client, player: str = "ada") -> list[Session]:
    found = client.engine.streams.hub._players.get("harbour", {}).get(player, [])
    return [each for each in found if isinstance(each, Session)]


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(10):
        while not condition():
            await trio.lowlevel.checkpoint()


def publish(client: Client, player: str, count: int, *, size: int = 4000) -> None:
    """Publish `count` rewards at once, together more than both kernel buffers hold."""
    first = client.engine.streams.tail.position("harbour") + 1
    rewards = [Reward(first + n, "", player, "p" * size, 0, "") for n in range(count)]
    client.engine.streams.tail.committed("harbour", rewards)


async def greeted(talk: Talk) -> None:
    assert (await talk.next())[0] == "hello"


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_slow_consumer_gets_its_close_code_and_others_stay(
    database: str, over_tls: bool
) -> None:
    async with (
        serving(database, over_tls=over_tls, stream_buffer=5) as client,
        talking(client, receive=4096) as slow,
        talking(client, player="bob") as quick,
    ):
        await greeted(slow)
        await greeted(quick)
        publish(client, "ada", 5)
        await until(lambda: not sockets_of(client)[0]._frames)  # they are being written
        for _ in range(200):
            publish(client, "ada", 5)
            await trio.lowlevel.checkpoint()
        publish(client, "bob", 1, size=1)
        assert (await quick.next())[0] == "reward"
        assert sockets_of(client) == []
        # It reads again in time, and finds the close after the bytes in flight.
        seqs = []
        while (said := await slow.frame())[0] != CLOSE:
            seqs.append(said)
        assert said[1][:2] == (4408).to_bytes(2)
        assert b"resume" in said[1]
        await slow.send(frame(CLOSE, said[1][:2]))
        assert len(seqs) < 900
        await slow.ended()
        assert "hunt_slow_subscribers_total 1.0" in (await client.get("/metrics")).text


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_reader_that_stops_is_cut_off_in_time(
    database: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.2)
    async with (
        serving(database, over_tls=over_tls, stream_buffer=5) as client,
        talking(client, receive=4096) as talk,
    ):
        await greeted(talk)
        for _ in range(200):
            publish(client, "ada", 5)
            await trio.lowlevel.checkpoint()
        await until(lambda: client.engine.streams.hub.counts() == {"websocket": 0})


async def test_stalled_write_ends_the_socket(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_TIMEOUT", 0.2)
    async with (
        serving(database, stream_buffer=3000) as client,
        talking(client, receive=4096) as talk,
    ):
        await greeted(talk)
        publish(client, "ada", 2000)  # fewer than may wait
        waiting, behind = client.engine.streams.hub.backlog()
        assert (waiting > 1000, behind) == (True, 1)
        await until(lambda: client.engine.streams.hub.counts() == {"websocket": 0})
        assert client.engine.streams.hub.backlog() == (0, 0)
        assert "hunt_slow_subscribers_total 1.0" in (await client.get("/metrics")).text


@pytest.mark.parametrize("sent", [frame(PING, b"x" * 125), say(ping=10**15)], ids=["ping", "json"])
async def test_backpressure_pauses_a_client_that_does_not_read(database: str, sent: bytes) -> None:
    async with serving(database) as client, talking(client, receive=4096) as talk:
        await greeted(talk)
        [socket] = sockets_of(client)
        longest = [0, 0]

        async def ask() -> None:
            while True:
                await talk.send(sent * 200)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await until(lambda: bool(web_of(socket)._pongs or socket._waiting))
            with trio.move_on_after(0.5):
                while True:
                    longest[0] = max(longest[0], len(web_of(socket)._pongs))
                    longest[1] = max(longest[1], len(socket._waiting))
                    await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        assert sum(longest) > 0
        assert longest[0] <= MAX_PONGS
        assert longest[1] <= MAX_OUTSTANDING


async def test_fragments_without_end_and_content_are_not_kept(database: str) -> None:
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        [socket] = sockets_of(client)
        await talk.send(frame(TEXT, b"[", fin=False))
        await talk.send(frame(CONTINUATION, fin=False) * 2000, frame(PING, b"!"))
        assert (await talk.frame())[1] == b"!"
        assert web_of(socket)._parts == ["["]


async def test_pings_are_sent_and_a_client_without_pongs_is_gone(database: str) -> None:
    async with serving(database, heartbeat=0.2) as client:
        async with talking(client) as talk:
            await greeted(talk)
            for _ in range(8):  # longer than the silence that is allowed
                assert await talk.frame() == (PING, b"")
                await talk.send(frame(10))
            assert len(sockets_of(client)) == 1
            # From now on the client sends nothing.
            with trio.fail_after(5), pytest.raises(EOFError):
                while True:
                    assert await talk.frame() == (PING, b"")
        await until(lambda: client.engine.streams.hub.counts() == {"websocket": 0})


async def test_busy_socket_is_pinged_too(
    database: str,
) -> None:
    async with serving(database, heartbeat=0.3) as client, talking(client) as talk:
        await greeted(talk)

        async def tell() -> None:
            while True:
                publish(client, "ada", 1, size=1)
                await trio.sleep(0.05)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tell)
            while talk.pings < 4:
                opcode, _ = await talk.frame()
                if opcode == PING:
                    talk.pings += 1
                    await talk.send(frame(10))
            nursery.cancel_scope.cancel()


async def test_close_without_the_clients_close_frame_times_out(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.2)
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        await talk.send(frame(TEXT, b"nonsense"))
        assert await talk.closed() == 1007
        with trio.fail_after(5):
            await talk.ended()


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_stalled_socket_does_not_delay_the_shutdown(
    database: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.3)
    async with AsyncExitStack() as clients:
        async with serving(database, over_tls=over_tls, stream_buffer=5000) as client:
            talk = await clients.enter_async_context(talking(client, receive=4096))
            await greeted(talk)
            publish(client, "ada", 2000)
            await until(lambda: sockets_of(client)[0]._frames < 2000)
            begun = trio.current_time()
            await client.engine.operations.drain.run()
            await until(lambda: client.engine.streams.hub.counts() == {"websocket": 0})
            assert trio.current_time() - begun < 5  # half of SEND_TIMEOUT


async def test_hostile_frames_end_no_process_and_leave_nothing(database: str) -> None:
    choose = random.Random(SEED)
    good = [
        say(ping=1),
        say(click={"id": str(uuid.uuid4()), "x": 1, "y": 2}),
        frame(PING, b"x"),
        frame(TEXT, b"{", fin=False),
        frame(CONTINUATION, b"}"),
        frame(CLOSE, b"\x03\xe8"),
    ]
    async with serving(database) as client:
        await client.click()
        tasks = trio.lowlevel.current_statistics().tasks_living
        files = own_files(client)
        for number in range(150):
            data = bytearray(b"".join(choose.choices(good, k=choose.randint(1, 8))))
            for _ in range(choose.choice([0, 1, 1, 5])):
                data[choose.randrange(len(data))] = choose.randrange(256)
            data += choose.randbytes(choose.choice([0, 0, 10, 20_000]))
            async with talking(client, behind=bytes(data)) as talk:
                if choose.random() < 0.5:
                    with trio.move_on_after(0.01):
                        await talk.ended()
            response = await client.get("/livez")
            assert response.status_code == 200, f"round {number}"
        await until(lambda: client.engine.streams.hub.counts() == {"websocket": 0})
        await until(lambda: trio.lowlevel.current_statistics().tasks_living <= tasks + 2)
        await until(lambda: own_files(client) <= files)
        assert (await client.click()).status_code == 200
