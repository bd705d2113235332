"""The stream of the operations page."""

from __future__ import annotations

import json
import os
from typing import Any

import trio

from hunt.metrics.sample_buffer import KEPT, WATCHERS
from hunt.web.site import POLICY
from tests.support.problems import assert_problem
from tests.support.serving import Client, Stream, bearer, serving, stream

SAMPLES = "/ops/samples"


def operator(client: Client, **options: Any) -> None:
    client.headers.update(bearer("root", audience="hunt-admin", **options))


async def until(watched: Stream, kind: str) -> Any:
    """Return the data of the next event of a kind."""
    while (event := await watched.next()).event != kind:
        pass
    return json.loads(event.data)


async def test_samples_need_an_operator_and_the_page_does_not(database: str) -> None:
    async with serving(database) as client:
        for path in (SAMPLES, "/ops/sample"):
            assert_problem(await client.get(path), 401)
        page = await client.get("/ops", headers={"Authorization": ""})
        assert page.status_code == 200
        assert page.headers["Content-Security-Policy"] == POLICY
        assert "://" not in page.text


async def test_page_exists_at_the_operations_address_only(database: str) -> None:
    async with serving(database, operations_bind="127.0.0.1:1") as client:
        operator(client)
        for path in ("/ops", SAMPLES, "/ops/sample"):
            assert (await client.get(path)).status_code == 404


async def test_stream_sends_greeting_hunts_samples_and_processes(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            assert watched.response.headers["Content-Type"].startswith("text/event-stream")
            assert watched.response.headers["Cache-Control"] == "no-store"
            hello = await until(watched, "hello")
            assert (hello["kept"], hello["breaker"]["limits"]["slow"]) == (KEPT, 10)
            hunts = await until(watched, "hunts")
            assert hunts == {
                "hunts": [
                    {"id": "harbour", "title": "Harbour night", "state": "open", "deletable": True}
                ],
                "more": 0,
            }
            sample = await until(watched, "sample")
            assert sample["process"] == os.getpid()
            assert sample["breaker"]["state"] == "closed"
            assert sample["database"] < 5
            processes = await until(watched, "processes")
            assert processes["silent"] == 0
            assert [each["process"] for each in processes["processes"]] == [os.getpid()]
            client.headers.update(bearer("ada"))
            assert (await client.click()).status_code == 200
            clicks = 0.0
            while not clicks:
                later = await until(watched, "sample")
                assert later["at"] > sample["at"]
                clicks = later["clicks"]
            assert later["click_p99"] > 0


async def test_stream_sends_a_closed_hunt(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            await until(watched, "hunts")
            assert (await client.post("/v1/admin/hunts/harbour/close")).status_code == 200
            assert (await until(watched, "hunts"))["hunts"][0]["state"] == "closed"


async def test_stream_resumes_after_the_last_event_id(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        samples = client.engine.telemetry.samples
        while samples.seq < 2:
            await samples.wait_newer(samples.seq)
        for resume, first in (("", 1), (f"{samples._name}-1", 2), ("other-1", 1)):
            headers = {"Last-Event-ID": resume}
            async with stream(client, SAMPLES, headers=headers) as watched:
                while (event := await watched.next()).event != "sample":
                    pass
                assert event.id == f"{samples._name}-{first}"


async def test_number_of_watchers_is_limited(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        samples = client.engine.telemetry.samples
        samples.watchers = WATCHERS - 1
        async with stream(client, SAMPLES) as watched:
            await until(watched, "hello")
            async with stream(client, SAMPLES) as refused:
                [pause] = await refused.rest()
                assert (pause.event, pause.retry is not None) == ("", True)
        with trio.fail_after(5):
            while samples.watchers != WATCHERS - 1:
                await trio.lowlevel.checkpoint()


async def test_expired_token_ends_the_stream(database: str) -> None:
    async with serving(database) as client:
        operator(client, ttl=2)
        async with stream(client, SAMPLES) as watched:
            await watched.rest()
        assert_problem(await client.get(SAMPLES), 401)


async def test_drain_ends_the_stream_with_an_event(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            await until(watched, "sample")
            answer = await client.post("/v1/admin/drain", params={"process": os.getpid()}, json={})
            assert answer.status_code == 202
            assert (await watched.rest())[-1].event == "drain"


async def test_sample_shows_a_breaker_that_is_held_open(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            await until(watched, "sample")
            assert (await client.post("/v1/admin/breaker", json={"force": "open"})).is_success
            state = "closed"
            while state != "open":
                breaker = (await until(watched, "sample"))["breaker"]
                state = breaker["state"]
            assert (breaker["forced"], breaker["reason"]) == ("open", "forced")
