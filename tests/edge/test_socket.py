"""The WebSocket route; the client is trio-websocket unless a test needs raw bytes."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection

from hunt.core import websocket_messages
from hunt.core.events import Reward, Settlement
from hunt.errors import StoreUnavailable
from hunt.play import reconnect
from hunt.play.session import MAX_OUTSTANDING, Session
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.raw_http import LIVEZ, Reader
from tests.support.raw_websocket import KEY, frame, handshake, next_of, opened, say, talking
from tests.support.serving import Client, bearer, connected, open_breaker, serving, token


def click(**fields: object) -> str:
    return json.dumps({"click": {"id": str(uuid.uuid4()), "x": 1, "y": 2} | fields})


async def until_closed(socket: WebSocketConnection) -> tuple[list[tuple[str, Any]], int, str]:
    """Return the rest of the messages, and how it was closed."""
    rest = []
    try:
        while True:
            rest.append(await next_of(socket))
    except ConnectionClosed as closed:
        assert closed.reason is not None
        return rest, closed.reason.code, closed.reason.reason or ""


async def until_counted(client: Client, count: int) -> None:
    with trio.fail_after(5):
        while client.engine.streams.hub.counts().get("websocket", 0) != count:
            await trio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    ("fast_lane", "over_tls"),
    [
        pytest.param(True, False, id="fast-lane"),
        pytest.param(False, False, id="quart"),
        pytest.param(True, True, id="tls"),
        pytest.param(False, True, id="quart-tls"),
    ],
)
async def test_socket_greets_accepts_clicks_and_sends_rewards(
    database: str, fast_lane: bool, over_tls: bool
) -> None:
    async with serving(database, fast_lane=fast_lane, over_tls=over_tls) as client:
        async with opened(client) as socket:
            epoch = client.engine.catalogue.hunts["harbour"].epoch
            assert await next_of(socket) == (
                "hello",
                {"hunt": "harbour", "epoch": epoch, "seq": 0, "resumed": False},
            )
            await socket.send_message(click())
            said = dict([await next_of(socket), await next_of(socket)])
            receipt = said["settled"].pop("receipt")
            assert receipt["upto"] == said["settled"]["seq"]
            assert said["settled"] == said["reward"] | {"duplicate": False}
            assert (
                'hunt_subscribers{transport="websocket"} 1.0' in (await client.get("/metrics")).text
            )
            await socket.send_message('{"ping":7}')
            assert await next_of(socket) == ("pong", 7)
            await client.post(
                "/v1/hunts/harbour/clicks",
                json={"id": str(uuid.uuid4()), "x": 1, "y": 1},
                headers=bearer("bob"),
            )
            elsewhere = (await client.click()).json()
            del elsewhere["duplicate"], elsewhere["receipt"]
            assert await next_of(socket) == ("reward", elsewhere)
        await until_counted(client, 0)
        assert "harbour" not in client.engine.streams.hub._players


@pytest.mark.parametrize("way", ["header", "last_event_id", "lastEventId"])
async def test_resumed_socket_misses_nothing(database: str, way: str) -> None:
    async with serving(database) as client:
        for _ in range(5):
            await client.click()
        last = f"{client.engine.catalogue.hunts['harbour'].epoch}-2"
        query, headers = (
            ("", {"Last-Event-ID": last}) if way == "header" else (f"?{way}={last}", {})
        )
        async with opened(client, query, **headers) as socket:
            assert (await next_of(socket))[1]["resumed"] is True
            await client.click()
            assert [(await next_of(socket))[1]["seq"] for _ in range(4)] == [3, 4, 5, 6]


async def test_rewards_during_a_replay_follow_it_once(
    database: str,
) -> None:
    async with serving(database) as client:
        for _ in range(3):
            await client.click()
        engine = client.engine
        history, reading, read = engine.store.log.history, trio.Event(), trio.Event()

        async def slow(*arguments: Any) -> Any:
            reading.set()
            await read.wait()
            return await history(*arguments)

        engine.store.log.history = slow  # type: ignore[method-assign]
        async with opened(
            client, f"?last_event_id={engine.catalogue.hunts['harbour'].epoch}-1"
        ) as socket:
            await reading.wait()
            await client.click()  # in the history, too
            await socket.send_message('{"ping":1}')
            read.set()
            said = [await next_of(socket) for _ in range(5)]
            assert [kind for kind, _ in said] == ["hello", "reward", "reward", "reward", "pong"]
            assert [value["seq"] for kind, value in said if kind == "reward"] == [2, 3, 4]
            await client.click()
            assert (await next_of(socket))[1]["seq"] == 5


@pytest.mark.parametrize(
    ("last", "reason"), [("gibberish", "malformed id"), ("EPOCH-1", "too far behind")]
)
async def test_unknown_event_id_gets_a_reset_and_then_live_rewards(
    database: str, last: str, reason: str
) -> None:
    async with serving(database, replay_limit=2) as client:
        for _ in range(4):
            await client.click()
        last = last.replace("EPOCH", client.engine.catalogue.hunts["harbour"].epoch)
        async with opened(client, f"?last_event_id={last}") as socket:
            kind, hello = await next_of(socket)
            assert (kind, hello["seq"], hello["resumed"]) == ("hello", 4, False)
            assert await next_of(socket) == ("reset", {"reason": reason})
            await client.click()
            assert (await next_of(socket))[1]["seq"] == 5


async def test_repeat_returns_first_outcome_and_used_id_is_refused(
    database: str,
) -> None:
    async with serving(database) as client, opened(client) as socket:
        first = (await client.click()).json()
        assert [kind for kind, _ in [await next_of(socket), await next_of(socket)]] == [
            "hello",
            "reward",
        ]
        await socket.send_message(click(id=first["id"]))
        assert await next_of(socket) == ("settled", first | {"duplicate": True})
        await socket.send_message(click(id=first["id"], x=9))
        kind, refused = await next_of(socket)
        assert (kind, refused["id"], refused["status"]) == ("refused", first["id"], 422)


async def test_invalid_click_is_refused_and_the_socket_stays(database: str) -> None:
    async with serving(database) as client, opened(client) as socket:
        await next_of(socket)
        for message, status, told in [
            (click(id="Nope", x=999), 400, "Nope"),
            ('{"click":7}', 400, None),
            ('{"click":{"id":' + '{"a":' * 600 + "1" + "}" * 600 + "}}", 400, None),
            ('{"click":{"id":"' + "x" * 99 + '"}}', 400, None),
            ('{"dance":1}', 400, None),
            ('{"ping":"1"}', 400, None),
            ('{"ping":1,"click":{}}', 400, None),
            ("{}", 400, None),
        ]:
            await socket.send_message(message)
            kind, refused = await next_of(socket)
            assert (kind, refused["status"], refused["id"]) == ("refused", status, told), message
            assert "retry_after" not in refused
        await socket.send_message(click(x=999))
        assert (await next_of(socket))[1]["errors"] == {"x": "must be 0 to 100, inside the map"}
        counted = 'hunt_clicks_total{hunt="harbour",outcome="invalid"} 5.0'
        assert counted in (await client.get("/metrics")).text


async def test_click_meets_the_limits_breaker_and_queue_of_a_post(database: str) -> None:
    async with serving(database, click_rate=0.1, click_burst=1, address_players=2) as client:
        async with opened(client) as socket:
            await next_of(socket)
            assert (await client.click()).status_code == 200
            await next_of(socket)
            await socket.send_message(click())
            kind, refused = await next_of(socket)
            assert (kind, refused["status"]) == ("refused", 429)
            assert 8 < refused["retry_after"] <= 10
        async with opened(client, player="bob") as other:
            await next_of(other)
            await other.send_message(click())
            # The address has used its two clicks by now.
            assert (await next_of(other))[1]["status"] == 429
    # No click was recorded, so the next part uses the same database.
    async with serving(database, queue_size=1) as client, opened(client) as socket:
        await next_of(socket)
        await open_breaker(client)
        await socket.send_message(click())
        kind, refused = await next_of(socket)
        assert (kind, refused["status"]) == ("refused", 503)
        assert refused["retry_after"] > 1
        assert "database" in refused["detail"]


async def test_clicks_in_flight_are_bounded_by_backpressure(database: str) -> None:
    async with (
        serving(database) as client,
        talking(client) as talk,
        open_pool(database, size=1) as pool,
    ):
        await talk.next()
        [socket] = client.engine.streams.hub._players["harbour"]["ada"]
        assert isinstance(socket, Session)
        sent = [str(uuid.uuid4()) for _ in range(MAX_OUTSTANDING + 20)]
        async with pool.connection() as conn, conn.transaction():
            await conn.execute("select from hunts for update")  # so that no commit ends
            await talk.send(*(say(click={"id": each, "x": 1, "y": 2}) for each in sent))
            with trio.fail_after(10):
                while socket._clicks < MAX_OUTSTANDING:
                    await trio.lowlevel.checkpoint()
            for _ in range(20):
                await trio.lowlevel.checkpoint()
            assert socket._clicks == MAX_OUTSTANDING
        said = [await talk.next() for _ in range(2 * len(sent))]
        assert [value["id"] for kind, value in said if kind == "settled"] == sent
        seqs = [value["seq"] for kind, value in said if kind == "reward"]
        assert seqs == list(range(1, len(sent) + 1))


async def test_invalid_message_ends_the_socket(database: str) -> None:
    async with serving(database) as client:
        for message, code in [
            ("nonsense", 1007),
            ("[1]", 1007),
            ("", 1007),
            ("[" * 4000, 1007),
            (b'{"ping":1}', 1003),
            ('{"ping":"%s"}' % ("x" * 4086), 1009),  # of 4097 bytes
        ]:
            async with opened(client) as socket:
                await next_of(socket)
                await socket.send_message(message)
                assert (await until_closed(socket))[:2] == ([], code), message
            await until_counted(client, 0)
        # Later messages do not count.
        behind = [say(click={"id": str(uuid.uuid4()), "x": 1, "y": 2})] * 3
        async with talking(client) as talk:
            await talk.next()
            await talk.send(say(), frame(1, b"nonsense"), *behind)
            assert (await talk.next())[0] == "refused"
            assert await talk.closed() == 1007
        assert (await client.click()).json()["seq"] == 1


async def test_message_may_have_four_kilobytes(database: str) -> None:
    async with serving(database) as client, opened(client) as socket:
        await next_of(socket)
        await socket.send_message('{"ping":"%s"}' % ("x" * 4085))
        assert (await next_of(socket))[1]["detail"] == "a ping is a number"


async def test_refused_player_gets_a_close_code(database: str) -> None:
    unasked = say(click={"id": str(uuid.uuid4()), "x": 1, "y": 2})
    async with serving(database) as client:
        for authorization, code in [
            (None, 4401),
            ("Bearer gibberish", 4401),
            ("Basic x", 4401),
            (f"Bearer {token(ttl=-1)}", 4401),
            (f"Bearer {token(audience='hunt-admin')}", 4401),
            (f"Bearer {token(hunts=['river'])}", 4403),
        ]:
            async with talking(client, behind=unasked, Authorization=authorization) as talk:
                assert await talk.closed() == code, authorization
        assert client.engine.streams.hub.counts() == {}
        assert client.engine.streams.tail.position("harbour") == 0


async def test_invalid_handshake_gets_a_status_and_the_connection_stays(
    database: str,
) -> None:
    cases: list[tuple[dict[str, str | None], int]] = [
        ({"Origin": None}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "http://hunt\r\nOrigin: http://other"}, 403),
        ({"path": "/v1/hunts/nowhere/socket"}, 404),
        ({"path": "/v1/hunts/harbour/socket?scope=all"}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Upgrade": None, "Connection": None, "Sec_WebSocket_Version": None}, 426),
        ({"Connection": "keep-alive"}, 400),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": f"{KEY}\r\nSec-WebSocket-Key: {KEY}"}, 400),
        ({"Authorization": f"Bearer {token()}\r\nAuthorization: Bearer x"}, 400),
        ({"Content_Length": "0"}, 400),
        ({"path": "/livez"}, 200),  # another path has no WebSockets
    ]
    async with serving(database) as client:
        for changes, status in cases:
            async with connected(client) as stream:
                await stream.send_all(handshake(client, **changes))
                reader = Reader(stream)
                answered, headers, body = await reader.answer()
                assert answered == status, (changes, body)
                if status == 426:
                    assert headers["sec-websocket-version"] == "13"
                    assert headers["upgrade"] == "websocket"
                await stream.send_all(LIVEZ)
                assert (await reader.answer())[0] == 200


async def test_client_library_sees_the_status_of_a_failed_handshake(database: str) -> None:
    async with serving(database) as client:
        with pytest.raises(ExceptionGroup) as raised:
            async with opened(client, Origin="https://evil.example"):
                pass
        rejected = raised.value.exceptions[0]
        assert isinstance(rejected, ConnectionRejected)
        assert rejected.status_code == 403


async def test_cookie_ticket_and_allowed_origin_open_a_socket(database: str) -> None:
    origins = ("https://play.example",)
    async with serving(database, allowed_origins=origins) as client:
        ticket = (await client.post("/v1/tickets")).json()["ticket"]
        cookie = f"hunt_player={token('carol')}"
        for changes, player in [
            ({"Authorization": None, "Cookie": cookie}, "carol"),
            ({"Origin": origins[0]}, "ada"),
            (
                {"Authorization": None, "path": f"/v1/hunts/harbour/socket?ticket={ticket}"},
                "ada",
            ),
        ]:
            async with talking(client, **changes) as talk:
                assert (await talk.next())[0] == "hello"
                # An admitted client may click, with any credential.
                await talk.send(say(click={"id": str(uuid.uuid4()), "x": 1, "y": 2}))
                assert {(await talk.next())[0], (await talk.next())[0]} == {"settled", "reward"}
                assert list(client.engine.streams.hub._players["harbour"]) == [player]
            await until_counted(client, 0)


async def test_socket_beyond_the_limit_gets_a_retry_time(database: str) -> None:
    async with serving(database, max_streams_per_player=1) as client:
        async with opened(client) as first, opened(client) as second:
            await next_of(first)
            [(kind, refused)], code, _ = await until_closed(second)
            assert (kind, refused["status"], code) == ("refused", 503, 1013)
            assert refused["retry_after"] > 1
            await first.send_message('{"ping":1}')
            assert await next_of(first) == ("pong", 1)


async def test_rate_limit_of_sockets_gives_a_retry_time(database: str) -> None:
    async with serving(database, connect_rate=0.1, connect_burst=1) as client:
        async with opened(client), opened(client) as second:
            [(_, refused)], code, _ = await until_closed(second)
            assert (refused["status"], code) == (429, 1013)


async def test_resume_that_cannot_be_read_gets_a_retry_time(database: str) -> None:
    async with serving(database) as client:
        await client.click()

        async def history(*_: object) -> None:
            raise StoreUnavailable

        client.engine.store.log.history = history  # type: ignore[assignment, method-assign]
        last = f"{client.engine.catalogue.hunts['harbour'].epoch}-0"
        async with opened(client, f"?last_event_id={last}") as socket:
            [(kind, refused)], code, _ = await until_closed(socket)
            assert (kind, refused["status"], code) == ("refused", 503, 1013)


async def test_end_of_a_hunt_ends_its_sockets_for_good(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        async with opened(client) as socket:
            await next_of(socket)
            await Hunts(pool).close("harbour")
            assert (await until_closed(socket)) == ([], 1000, "the hunt is over")
        async with opened(client) as socket:
            assert (await until_closed(socket)) == ([], 1000, "the hunt is over")


async def test_drain_answers_clicks_in_flight_and_sends_a_retry_time(
    database: str,
) -> None:
    async with (
        serving(database) as client,
        opened(client) as socket,
        open_pool(database, size=1) as pool,
    ):
        await next_of(socket)
        async with trio.open_nursery() as nursery:
            async with pool.connection() as conn, conn.transaction():
                await conn.execute("select from hunts for update")
                waits = click()
                await socket.send_message(waits)
                with trio.fail_after(5):
                    while not client.engine.commits.lanes._lanes:
                        await trio.lowlevel.checkpoint()
                nursery.start_soon(client.engine.operations.drain.run)
                kind, drain = await next_of(socket)
                low, high = reconnect.RECONNECT_MS
                assert kind == "drain"
                assert low <= drain["retry_after"] * 1000 <= high
                await socket.send_message(click())
                kind, refused = await next_of(socket)
                assert (kind, refused["status"]) == ("refused", 503)
            rest, code, reason = await until_closed(socket)
            [(kind, settled)] = [each for each in rest if each[0] == "settled"]
            assert settled["id"] == json.loads(waits)["click"]["id"]
            assert code == 1012
            assert "reconnect in" in reason
        async with opened(client) as late:
            [(kind, _)], code, _ = await until_closed(late)
            assert (kind, code) == ("drain", 1012)


async def test_drain_during_a_replay_sends_no_reward_out_of_order(database: str) -> None:
    async with serving(database) as client:
        for _ in range(2):
            await client.click()
        engine, reading = client.engine, trio.Event()

        async def never(*_: Any) -> None:
            reading.set()
            await trio.sleep_forever()

        engine.store.log.history = never  # type: ignore[assignment, method-assign]
        async with opened(
            client, f"?last_event_id={engine.catalogue.hunts['harbour'].epoch}-0"
        ) as socket:
            await reading.wait()
            engine.streams.tail.committed(
                "harbour", [Reward(3, str(uuid.uuid4()), "ada", None, 0, "")]
            )
            await engine.operations.drain.run()
            rest, code, _ = await until_closed(socket)
            assert ([kind for kind, _ in rest], code) == (["drain"], 1012)


async def test_defect_in_an_answer_ends_its_socket_only(database: str) -> None:
    async with serving(database) as client, opened(client) as one, opened(client) as two:
        await next_of(one)
        await next_of(two)
        settled = websocket_messages.settled

        def broken(_: Settlement) -> str:
            websocket_messages.settled = settled
            raise RuntimeError

        websocket_messages.settled = broken
        await one.send_message(click())
        assert (await until_closed(one))[1] == 1011
        await two.send_message(click())
        said = [(await next_of(two))[0] for _ in range(3)]
        assert said.count("settled") == 1
