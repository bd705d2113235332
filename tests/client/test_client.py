"""The client library, against the real application."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal

import pytest
import trio

from hunt.client import Client, Denied, Unconfirmed, Unreachable, attempts, open_client
from hunt.client import sse as client_sse
from hunt.client import websocket as client_websocket
from hunt.core.backoff import Backoff
from hunt.core.sse import HEARTBEAT, frame, hello
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.store.campaigns import COIN, doors, stored
from tests.support.city import city
from tests.support.serving import Client as Server
from tests.support.serving import pass_time, serving, stream, token

Transport = Literal["socket", "sse"]
both = pytest.mark.parametrize("transport", ["socket", "sse"])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once; tests of the pauses are elsewhere."""
    monkeypatch.setattr(attempts, "backoff", lambda: Backoff(0.01, 0.01, lambda: 0.5))


@asynccontextmanager
async def playing(server: Server, url: str | None = None, **options: Any) -> AsyncIterator[Client]:
    made = open_client(url or str(server.base_url), token(**options), context=server.tls)
    async with made as client:
        yield client


@asynccontextmanager
async def cutting(server: Server) -> AsyncIterator[tuple[str, list[trio.CancelScope]]]:
    """Yield the address of a proxy, and a function that resets all of its connections."""
    cuts: list[trio.CancelScope] = []
    target = server.base_url

    async def serve(near: trio.SocketStream) -> None:
        with trio.CancelScope() as cut:
            cuts.append(cut)
            far = await trio.open_tcp_stream(target.host, target.port or 0)
            async with far, trio.open_nursery() as nursery:
                nursery.start_soon(pump, near, far)
                nursery.start_soon(pump, far, near)
        await trio.aclose_forcefully(near)

    async def pump(one: trio.SocketStream, other: trio.SocketStream) -> None:
        try:
            async for data in one:
                await other.send_all(data)
            await other.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}", cuts
        nursery.cancel_scope.cancel()


@both
@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_clicks_are_answered_and_rewards_arrive_in_order(
    database: str, transport: Transport, over_tls: bool
) -> None:
    async with serving(database, over_tls=over_tls) as server, playing(server) as client:
        assert (await client.hunt("harbour"))["map"] == {"width": 100, "height": 50}
        with trio.fail_after(10):
            async with client.rewards("harbour", transport=transport) as rewards:
                answers = [await client.click("harbour", 1, 2) for _ in range(3)]
                assert {uuid.UUID(answer.id).version for answer in answers} == {7}
                for answer in answers:
                    reward = await anext(rewards)
                    assert (reward.id, reward.seq) == (answer.id, answer.seq)
                    assert (answer.prize, answer.points, answer.duplicate) == ("coin", 5, False)
                epoch = server.engine.catalogue.hunts["harbour"].epoch
                assert rewards.position == f"{epoch}-3"
            # Another client resumes later, from the saved position.
            await client.click("harbour", 1, 2)
            async with client.rewards(
                "harbour", transport=transport, after=f"{epoch}-1"
            ) as rewards:
                assert [(await anext(rewards)).seq for _ in range(3)] == [2, 3, 4]


@both
async def test_rewards_resume_after_lost_connections(database: str, transport: Transport) -> None:
    async with serving(database) as server, cutting(server) as (url, cuts):
        kinds: list[str] = []
        async with (
            playing(server, url) as client,
            client.rewards(
                "harbour", transport=transport, notice=lambda kind, _: kinds.append(kind)
            ) as rewards,
        ):
            with trio.fail_after(20):
                seqs = []
                rounds = 5 if transport == "socket" else 2  # each with the pause that it asks for
                for number in range(1, rounds + 1):
                    await server.click()
                    seqs.append((await anext(rewards)).seq)
                    cuts[-1].cancel()
                    await server.click()  # while no client listens
                    while kinds.count("lost") < number:
                        await trio.lowlevel.checkpoint()
                    seqs.append((await anext(rewards)).seq)
                assert seqs == list(range(1, 2 * rounds + 1))


async def test_lost_connection_before_first_reward_loses_none(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough to settle a click before the reconnect.
    monkeypatch.setattr(attempts, "backoff", lambda: Backoff(1.0, 1.0, lambda: 1.0))
    lost = trio.Event()
    async with (
        serving(database) as server,
        cutting(server) as (url, cuts),
        playing(server, url) as client,
        client.rewards(
            "harbour", notice=lambda kind, _: lost.set() if kind == "lost" else None
        ) as rewards,
    ):
        cuts[-1].cancel()
        with trio.fail_after(10):
            await lost.wait()
            await server.click()
            assert (await anext(rewards)).seq == 1


@both
async def test_cancelled_iteration_can_continue(database: str, transport: Transport) -> None:
    async with (
        serving(database) as server,
        playing(server) as client,
        client.rewards("harbour", transport=transport) as rewards,
    ):
        with trio.move_on_after(0.2):
            await anext(rewards)
        await server.click()
        with trio.fail_after(5):
            assert (await anext(rewards)).seq == 1


@both
async def test_iteration_ends_with_hunt(database: str, transport: Transport) -> None:
    async with serving(database) as server, playing(server) as client:
        async with open_pool(database, size=1) as pool:
            await client.click("harbour", 1, 2)
            await Hunts(pool).close("harbour")
            with trio.fail_after(10):
                while server.engine.catalogue.hunts["harbour"].state != "closed":
                    await trio.lowlevel.checkpoint()
                async with client.rewards("harbour", transport=transport) as rewards:
                    assert [reward async for reward in rewards] == []


@both
async def test_refused_player_gets_denied_without_reconnect(
    database: str, transport: Transport
) -> None:
    async with serving(database) as server:
        for hunt, options, status in [
            ("harbour", {"ttl": -1}, 401),
            ("harbour", {"hunts": ["river"]}, 403),
            ("nowhere", {}, 404),
        ]:
            async with (
                playing(server, **options) as client,
                client.rewards(hunt, transport=transport) as rewards,
            ):
                with trio.fail_after(10), pytest.raises(Denied) as denied:
                    await anext(rewards)
                assert denied.value.status == status
                with pytest.raises(StopAsyncIteration):
                    await anext(rewards)


@both
async def test_drain_delays_reconnect(database: str, transport: Transport) -> None:
    async with serving(database) as server, playing(server) as client:
        told: dict[str, dict[str, Any]] = {}
        async with client.rewards(
            "harbour", transport=transport, notice=lambda kind, what: told.update({kind: what})
        ):
            with trio.fail_after(10):
                await server.engine.operations.drain.run()
                while "lost" not in told:
                    await trio.lowlevel.checkpoint()
        assert "drain" in told
        assert 1 <= told["lost"]["retry_after"] <= 5.1


async def test_error_of_block_is_not_wrapped(database: str) -> None:
    async with serving(database) as server, playing(server) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.rewards("harbour"):
                raise ZeroDivisionError


async def test_click_is_retried_with_same_id(database: str) -> None:
    async with (
        serving(database, click_rate=2.0, click_burst=1) as server,
        cutting(server) as (url, cuts),
        playing(server, url) as client,
        open_pool(database, size=1) as pool,
    ):
        with trio.fail_after(20):
            first = await client.click("harbour", 1, 2)
            again = await client.click("harbour", 1, 2, id=first.id)  # too fast, at first
            assert (again.seq, again.duplicate) == (first.seq, True)
            answers = []

            async def click() -> None:
                answers.append(await client.click("harbour", 1, 2))

            async with trio.open_nursery() as nursery:
                async with pool.connection() as conn, conn.transaction():
                    await conn.execute("select from hunts for update")
                    nursery.start_soon(click)
                    while not server.engine.commits.lanes._lanes:
                        await trio.lowlevel.checkpoint()
                    for cut in cuts:
                        cut.cancel()  # it will count, but its answer is lost
            assert [each.seq for each in answers] == [2]
            assert answers[0].id != first.id


@both
async def test_expired_token_is_renewed_without_missing_rewards(
    database: str, transport: Transport
) -> None:
    tokens = [token(ttl=60)]
    asked: list[str] = []

    async def current() -> str:
        asked.append(tokens[-1])
        if len(asked) == 3:
            raise RuntimeError("the issuer is away")
        return tokens[-1]

    lost: list[str] = []

    def notice(kind: str, what: dict[str, Any]) -> None:
        if kind == "lost":
            lost.append(what["reason"])

    async with serving(database) as server:
        async with (
            open_client(str(server.base_url), current, context=server.tls) as client,
            client.rewards("harbour", transport=transport, notice=notice) as rewards,
        ):
            first = await client.click("harbour", 1, 2)
            assert (await anext(rewards)).seq == first.seq
            tokens.append(token(ttl=3600))
            pass_time(server, 61)
            with trio.fail_after(10):
                while len(lost) < 2:
                    await trio.sleep(0.01)
                second = await client.click("harbour", 1, 2)
                assert (await anext(rewards)).seq == second.seq
    expired = "the token has expired" if transport == "socket" else "the stream has ended"
    assert lost[:2] == [expired, "the token function failed: RuntimeError"]
    assert asked[-1] == tokens[-1]


@both
async def test_expired_fixed_token_raises_denied(database: str, transport: Transport) -> None:
    async with serving(database) as server, playing(server, ttl=60) as client:
        with trio.fail_after(10):
            async with client.rewards("harbour", transport=transport) as rewards:
                pass_time(server, 61)
                with pytest.raises(Denied) as denied:
                    await anext(rewards)
                assert denied.value.status == 401


async def test_refused_click_is_not_retried(database: str) -> None:
    async with serving(database) as server, playing(server) as client:
        with pytest.raises(Denied) as denied:
            await client.click("harbour", 999, 2)
        assert (denied.value.status, list(denied.value.errors)) == (400, ["x"])
        assert "inside the map" in str(denied.value)


async def test_click_in_degrees_reports_its_accuracy(database: str) -> None:
    async with city(database) as server, playing(server) as client:
        with pytest.raises(Denied) as denied:
            await client.click("city", -58.4, -34.6)
        assert (denied.value.status, list(denied.value.errors)) == (400, ["accuracy"])
        with pytest.raises(Denied, match="accurate to 51 only"):
            await client.click("city", -58.4, -34.6, accuracy=51)
        assert (await client.click("city", -58.4, -34.6, accuracy=50)).prize == "cache"
        with pytest.raises(Denied, match="too far from your last click"):
            await client.click("city", -58.4, -34.5, accuracy=1)


async def test_unconfirmed_click_names_its_id() -> None:
    click_id = str(uuid.uuid4())
    async with open_client("http://127.0.0.1:1", "x") as client:
        with pytest.raises(Unconfirmed, match=click_id):
            await client.click("harbour", 1, 2, id=click_id, patience=0.05)


async def test_announced_heartbeats_keep_a_quiet_stream(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_sse, "SILENCE", 0.05)
    told: list[str] = []
    async with (
        serving(database, heartbeat=0.4) as server,
        playing(server) as client,
        client.rewards("harbour", transport="sse", notice=lambda kind, _: told.append(kind)) as own,
        stream(server) as other,
    ):
        with trio.fail_after(10):
            while other.raw.count(HEARTBEAT) < 3:
                await other.more()
            answer = await client.click("harbour", 1, 2)
            assert (await anext(own)).id == answer.id
        assert told.count("hello") == 1
        assert "lost" not in told


@pytest.mark.parametrize("greets", [True, False])
async def test_silent_stream_reconnects(monkeypatch: pytest.MonkeyPatch, greets: bool) -> None:
    monkeypatch.setattr(client_sse, "SILENCE", 0.05)
    told: list[str] = []

    async def serve(near: trio.SocketStream) -> None:
        await near.receive_some(4096)
        if greets:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            await near.send_all(head + hello("harbour", "k1", 0, resumed=False, heartbeat=0.04))
        while await near.receive_some(4096):
            pass

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        monkeypatch.setattr(client_sse, "RETRY_MS", 1)
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"

        def note(kind: str, what: dict[str, Any]) -> None:
            told.append(what.get("reason", kind))
            if len(told) == 4:
                nursery.cancel_scope.cancel()

        with trio.fail_after(30):
            async with (
                open_client(url, "x") as client,
                client.rewards("harbour", transport="sse", notice=note),
            ):
                await trio.sleep_forever()
    slow = f"{url} does not answer: too slow"
    assert told == (["hello", slow] * 2 if greets else [slow] * 4)


@pytest.mark.parametrize("data", ["[]", '{"heartbeat": null}', "no JSON"])
async def test_stream_without_a_valid_hello_is_no_hunt(data: str) -> None:
    async def serve(near: trio.SocketStream) -> None:
        await near.receive_some(4096)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        await near.send_all(head + frame(event="hello", data=data))
        await near.aclose()

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        with trio.fail_after(10):
            async with (
                open_client(url, "x") as client,
                client.rewards("harbour", transport="sse") as rewards,
            ):
                with pytest.raises(Unreachable, match="not those of a hunt server"):
                    await anext(rewards)
        nursery.cancel_scope.cancel()


async def test_silent_websocket_reconnects(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_websocket, "PING_INTERVAL", 0.05)
    monkeypatch.setattr(client_websocket, "SILENCE", 0.5)
    told: list[str] = []
    async with serving(database) as server, playing(server) as client:
        async with client.rewards("harbour", notice=lambda kind, _: told.append(kind)):
            await trio.sleep(0.8)  # pongs keep it
            assert told.count("hello") == 1
            assert "lost" not in told
            monkeypatch.setattr(client_websocket, "SILENCE", 0.01)
            with trio.fail_after(5):
                while "lost" not in told:
                    await trio.lowlevel.checkpoint()


async def test_campaign_has_one_history_and_one_standing(database: str) -> None:
    sure = tuple(
        replace(each, definition=replace(each.definition, prizes=(replace(COIN, odds=1.0),)))
        for each in doors(-0.4, -0.3, 0.5)
    )
    async with stored(database, sure):
        pass
    async with serving(database) as server, playing(server) as client:
        shown = await client.campaign("advent")
        assert [each["state"] for each in shown["doors"]] == ["open", "open", "coming"]
        clicks = [await client.click(f"advent-{door:02}", 1, 2) for door in (1, 2, 2)]
        rewards = await client.campaign_rewards("advent")
        assert [(each["door"], each["id"]) for each in rewards] == [
            (door, each.id) for door, each in zip((1, 2, 2), clicks, strict=True)
        ]
        standing = await client.campaign_standing("advent")
        assert (standing["points"], standing["streak"]["current"]) == (15, 2)
        with pytest.raises(Denied):
            await client.campaign("nowhere")
