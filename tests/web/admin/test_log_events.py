"""The event stream of a log for backends."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio

from hunt.client import BackendEvent, open_client
from hunt.web.admin import log_stream
from tests.support.operators import HUNTS, audit_trail, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, Stream, bearer, pass_time, serving, stream, token

EVENTS = f"{HUNTS}/harbour/events"


@pytest.fixture
async def client(database: str) -> AsyncIterator[Client]:
    async with serving(database, heartbeat=0.5) as found:
        operator(found)
        yield found


async def click(client: Client, player: str = "ada", count: int = 1) -> None:
    for _ in range(count):
        body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
        await client.post("/v1/hunts/harbour/clicks", json=body, headers=bearer(player))


async def begun(events: Stream) -> Any:
    while (event := await events.next()).event != "hello":
        assert not event.event, "only the time to reconnect comes first"
    return json.loads(event.data)


async def test_wins_have_their_players_and_positions(client: Client) -> None:
    async with stream(client, f"{EVENTS}?after=0") as events:
        hello = await begun(events)
        assert (hello["hunt"], hello["seq"], hello["resumed"]) == ("harbour", 0, True)
        await click(client, count=2)
        first, second = await events.next(), await events.next()
    assert first.event == "reward.granted"
    assert first.id == f"{hello['epoch']}-1"
    data = json.loads(first.data)["data"]
    assert (data["player"], data["prize"], data["x"], data["y"]) == ("ada", "coin", 1.0, 2.0)
    assert second.id == f"{hello['epoch']}-2"
    entry = next(each for each in await audit_trail(client) if each["action"] == "events")
    assert entry["detail"] == {"after_seq": 0, "events": "wins", "prizes": None}


async def test_stream_begins_at_the_end_by_default(client: Client) -> None:
    await click(client)
    async with stream(client, f"{EVENTS}?events=clicks") as events:
        await begun(events)
        await click(client)
        found = await events.next()
    assert json.loads(found.data)["data"]["seq"] == 2


async def test_filter_leaves_out_other_clicks(client: Client) -> None:
    await click(client, count=5)  # three win, then the stock is used up
    async with stream(client, f"{EVENTS}?after=0&events=clicks") as events:
        await begun(events)
        kinds = [(await events.next()).event for _ in range(5)]
    assert kinds == ["reward.granted"] * 3 + ["click.settled"] * 2
    async with stream(client, f"{EVENTS}?after=0&prize=chest") as events:
        await begun(events)
        await events.more()  # a heartbeat: none of the rows is a win of this prize
        assert events._events == []


async def test_whole_log_is_resumable(client: Client) -> None:
    await click(client, count=3)
    async with stream(client, f"{EVENTS}?after=0") as events:
        await begun(events)
        last = (await events.next()).id
    assert last is not None
    async with stream(client, EVENTS, headers={"Last-Event-ID": last}) as events:
        hello = await begun(events)
        assert hello["resumed"]
        assert [json.loads((await events.next()).data)["data"]["seq"] for _ in range(2)] == [2, 3]


async def execute(client: Client, statement: str) -> None:
    async with client.engine.store._pool.connection() as conn:
        await conn.execute(statement.encode())


async def test_ids_of_a_former_epoch_resume(client: Client) -> None:
    await click(client, count=2)
    async with stream(client, f"{EVENTS}?after=0") as events:
        epoch = (await begun(events))["epoch"]
    await execute(client, "update hunts set epoch = 'k9'")
    await click(client)
    async with stream(client, EVENTS, headers={"Last-Event-ID": f"{epoch}-1"}) as events:
        assert (await begun(events))["resumed"]
        assert [(await events.next()).id for _ in range(2)] == [f"{epoch}-2", "k9-3"]
    # Row 7 of that epoch was lost.
    async with stream(client, EVENTS, headers={"Last-Event-ID": f"{epoch}-7"}) as events:
        hello = await begun(events)
        assert (hello["resumed"], hello["seq"]) == (False, 2)
        reset = await events.next()
        assert (reset.event, json.loads(reset.data)["reason"]) == (
            "reset", "the log has lost events",
        )  # fmt: skip
        assert (await events.next()).id == "k9-3"


@pytest.mark.parametrize("id_", ["k1", "zz9-1", "x"])
async def test_unknown_event_id_is_refused(client: Client, id_: str) -> None:
    response = await client.get(EVENTS, headers={"Last-Event-ID": id_})
    assert_problem(response, 400)
    assert list(response.json()["errors"]) == ["Last-Event-ID"]


@pytest.mark.parametrize("query", ["events=all", "prize=A!", "after=-1"])
async def test_wrong_query_is_refused(client: Client, query: str) -> None:
    assert_problem(await client.get(f"{EVENTS}?{query}"), 400)


async def test_silence_gets_heartbeats(client: Client) -> None:
    async with stream(client, EVENTS) as events:
        await begun(events)
        await events.more()
        assert events.raw.endswith(b": \n\n")


async def test_stream_ends_with_its_token(client: Client) -> None:
    short = bearer("root", audience="hunt-admin", ttl=60)
    async with stream(client, EVENTS, headers=short) as events:
        await begun(events)
        pass_time(client, 61)
        assert [each.event for each in await events.rest()] == [""]


async def test_drain_ends_the_stream(client: Client) -> None:
    async with stream(client, EVENTS) as events:
        await begun(events)
        client.engine.log_news.end()
        assert [each.event for each in await events.rest()] == ["drain"]


async def test_number_of_streams_is_limited(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_stream, "MOST", 1)
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(stream(client, EVENTS))
        await begun(events)
        assert_problem(await client.get(EVENTS), 503)
    with trio.fail_after(5):
        while True:
            async with stream(client, EVENTS) as events:
                if events.response.status_code == 200:
                    break


async def test_players_may_not_read_it(client: Client) -> None:
    assert_problem(await client.get(EVENTS, headers=bearer("ada")), 401)
    designer = bearer("eve", audience="hunt-admin", roles=["designer"])
    assert_problem(await client.get(EVENTS, headers=designer), 403)


async def test_slow_reader_holds_one_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "PAGE", 2)
    pages = 0
    page = client.engine.store.log_events.page

    async def counted(*args: Any, **options: Any) -> Any:
        nonlocal pages
        pages += 1
        assert options["limit"] == 2
        return await page(*args, **options)

    await click(client, count=7)
    found = log_stream.LogStream(
        log_stream.LogStreams(
            page=counted, news=client.engine.log_news, heartbeat=1.0, valid=lambda _: True,
            reconnect=client.engine.play.streams.reconnect,
        ),
        identity=None, hunt="harbour", greeting=b"", after=0,  # type: ignore[arg-type]
        wanted=log_stream.EventFilter("clicks"),
    )  # fmt: skip
    for number in range(1, 4):
        chunk = await anext(found)
        assert chunk.count(b"id: ") == 2
        assert pages == number, "a page is read when the one before it was taken"


def admin(name: str = "root", **options: Any) -> str:
    return token(name, audience="hunt-admin", **options)


async def test_client_resumes_after_a_lost_connection(client: Client) -> None:
    await click(client, count=2)
    seen: list[BackendEvent] = []
    notices: list[str] = []
    async with (
        open_client(str(client.base_url), admin(), context=client.tls) as backend,
        backend.events(
            "harbour", from_seq=1, clicks=True, notice=lambda kind, _: notices.append(kind)
        ) as events,
    ):
        async for event in events:
            seen.append(event)
            if len(seen) == 1:
                await events.aclose()  # as if the connection was lost
                await click(client, count=2)
            if len(seen) == 4:
                break
        assert events.position == seen[-1].id
    assert [each.data.seq for each in seen] == [1, 2, 3, 4]
    assert seen[0].data.player == "ada"
    assert [each for each in notices if each == "hello"] == ["hello", "hello"]


async def test_cancelled_call_of_the_client_loses_nothing(client: Client) -> None:
    async with (
        open_client(str(client.base_url), admin(), context=client.tls) as backend,
        backend.events("harbour", from_seq=1) as events,
    ):
        with trio.move_on_after(0.3):
            await anext(events)
        await click(client)
        assert (await anext(events)).data.seq == 1
