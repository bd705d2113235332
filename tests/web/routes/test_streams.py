from __future__ import annotations

import json

import pytest
import trio

from hunt.core.events import Reward
from hunt.errors import StoreUnavailable
from hunt.play import reconnect
from tests.support.serving import bearer, reward_in, serving, stream, token


async def test_a_stream_greets_and_then_tells_the_players_own_rewards(database: str) -> None:
    async with serving(database) as client:
        await client.click()
        async with stream(client) as events:
            headers = events.response.headers
            assert events.response.status_code == 200
            assert headers["Content-Type"].startswith("text/event-stream")
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Accel-Buffering"] == "no"
            assert (await events.next()).retry == 2000
            hello = await events.next()
            epoch = client.engine.catalogue.hunts["harbour"].epoch
            assert json.loads(hello.data) == {
                "hunt": "harbour", "epoch": epoch, "seq": 1, "resumed": False,
                "heartbeat": 15.0,
            }  # fmt: skip
            await client.post(
                "/v1/hunts/harbour/clicks",
                json={"id": "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e91", "x": 1, "y": 1},
                headers=bearer("bob"),
            )
            answer = (await client.click()).json()
            event = await events.next()
            assert (event.event, event.id) == ("reward", f"{epoch}-3")
            assert json.loads(event.data) == reward_in(answer)
            assert b"bob" not in events.raw


@pytest.mark.parametrize("way", ["header", "last_event_id", "lastEventId"])
async def test_resumed_socket_misses_nothing(database: str, way: str) -> None:
    async with serving(database) as client:
        for _ in range(5):
            await client.click()
        last = f"{client.engine.catalogue.hunts['harbour'].epoch}-2"
        options = (
            {"headers": {"Last-Event-ID": last}} if way == "header" else {"params": {way: last}}
        )
        async with stream(client, **options) as events:
            await events.next()
            assert json.loads((await events.next()).data)["resumed"] is True
            await client.click()
            seqs = [json.loads((await events.next()).data)["seq"] for _ in range(4)]
            assert seqs == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("gibberish", "malformed id"),
        ("zz-1", "another epoch"),
        ("EPOCH-99", "ahead of the log"),
        ("EPOCH-1", "too far behind"),
    ],
)
async def test_unknown_event_id_gets_a_reset_and_then_live_rewards(
    database: str, last: str, reason: str
) -> None:
    async with serving(database, replay_limit=2) as client:
        for _ in range(4):
            await client.click()
        epoch = client.engine.catalogue.hunts["harbour"].epoch
        headers = {"Last-Event-ID": last.replace("EPOCH", epoch)}
        async with stream(client, headers=headers) as events:
            kinds = [await events.next() for _ in range(3)]
            assert [each.event for each in kinds] == ["", "hello", "reset"]
            assert json.loads(kinds[2].data) == {"reason": reason}
            await client.click()
            assert json.loads((await events.next()).data)["seq"] == 5


async def test_silence_is_filled_with_heartbeats(database: str) -> None:
    async with serving(database, heartbeat=0.01) as client, stream(client) as events:
        while events.raw.count(b": \n\n") < 3:
            await events.more()


async def test_drain_sends_a_retry_time_and_ends_the_stream(database: str) -> None:
    async with serving(database) as client:
        async with stream(client) as events:
            await events.next()
            await client.engine.operations.drain.run()
            rest = await events.rest()
            low, high = reconnect.RECONNECT_MS
            assert rest[-1].event == "drain"
            assert low <= (rest[-1].retry or 0) <= high
        async with stream(client) as events:  # not an error, or a browser would give up
            assert events.response.status_code == 200
            assert [each.event for each in await events.rest()] == [""]


async def test_after_a_new_epoch_streams_are_reset_and_then_live(database: str) -> None:
    async with serving(database) as client:
        assert (await client.click()).status_code == 200
        async with stream(client) as events:
            assert (await events.next()).retry == 2000
            hello = json.loads((await events.next()).data)
            last = f"{hello['epoch']}-{hello['seq']}"
            [new] = (await client.engine.store.hunts.new_epochs()).values()
            assert [event.event for event in await events.rest()] == ["drain"]
        async with stream(client, headers={"Last-Event-ID": last}) as events:
            assert (await events.next()).retry == 2000
            assert json.loads((await events.next()).data)["epoch"] == new
            assert (await events.next()).event == "reset"
            assert (await client.click()).status_code == 200
            assert (await events.next()).id == f"{new}-2"


async def test_stream_beyond_the_limit_gets_a_retry_time(database: str) -> None:
    async with serving(database, max_streams_per_player=1) as client, stream(client) as first:
        await first.next()
        async with stream(client) as second:
            [again] = await second.rest()
            assert again.retry


async def test_resume_that_cannot_be_read_gets_a_retry_time(database: str) -> None:
    async with serving(database) as client:
        await client.click()

        async def history(*_: object) -> None:
            raise StoreUnavailable

        client.engine.store.log.history = history  # type: ignore[assignment, method-assign]
        last = f"{client.engine.catalogue.hunts['harbour'].epoch}-0"
        async with stream(client, headers={"Last-Event-ID": last}) as events:
            [again] = await events.rest()
            assert again.retry


async def test_everybodys_wins_are_masked_and_without_replay(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer("longer-name"))
        async with stream(
            client, params={"scope": "all"}, headers={"Last-Event-ID": "x"}
        ) as events:
            await events.next()
            assert (await events.next()).event == "hello"
            await client.click()
            wins = await events.next()
            assert (wins.event, wins.id) == ("wins", None)
            assert json.loads(wins.data)["wins"][0]["player"] == "lo…e"
        assert (await client.get("/v1/hunts/harbour/events?scope=x")).status_code == 400


async def test_final_refusal_opens_no_stream(database: str) -> None:
    async with serving(database) as client:
        assert (await client.get("/v1/hunts/nowhere/events")).status_code == 404
        other = bearer(hunts=["river"])
        assert (await client.get("/v1/hunts/harbour/events", headers=other)).status_code == 403
        client.headers.pop("Authorization")
        assert (await client.get("/v1/hunts/harbour/events")).status_code == 401
        wrong = {"ticket": token()}
        assert (await client.get("/v1/hunts/harbour/events", params=wrong)).status_code == 401


async def test_a_ticket_opens_a_stream(database: str) -> None:
    async with serving(database) as client:
        ticket = (await client.post("/v1/tickets")).json()["ticket"]
        client.headers.pop("Authorization")
        async with stream(client, params={"ticket": ticket}) as events:
            assert (await events.next()).retry == 2000
        refused = await client.post("/v1/hunts/harbour/clicks", params={"ticket": ticket}, json={})
        assert refused.status_code == 401


async def test_stream_of_a_client_that_left_is_forgotten(database: str) -> None:
    async with serving(database) as client:
        async with stream(client) as events:
            await events.next()
            assert client.engine.streams.hub.counts() == {"sse": 1}
        with trio.fail_after(5):
            while client.engine.streams.hub.counts() != {"sse": 0}:
                await trio.lowlevel.checkpoint()


async def test_a_reader_that_is_too_slow_is_cut_off_and_can_resume(database: str) -> None:
    async with (
        serving(database, stream_buffer=1, fast_lane=False) as client,
        stream(client) as events,
    ):
        await events.next()
        [[subscriber]] = client.engine.streams.hub._players["harbour"].values()
        tail = client.engine.streams.tail
        first = tail.position("harbour") + 1
        rewards = [Reward(first + n, str(n), "ada", None, 0, "") for n in range(5)]
        tail.committed("harbour", rewards)
        assert subscriber.reason == "slow"  # type: ignore[attr-defined]
        rest = await events.rest()
        assert [each.event for each in rest][:2] == ["hello", "reward"]
        assert len(rest) <= 3, "what was buffered, and what the reader was waiting for"
        metrics = (await client.get("/metrics")).text
        assert "hunt_slow_subscribers_total 1.0" in metrics
