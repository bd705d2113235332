"""The operations page's stream: for operators only, bounded, and without the database."""

from __future__ import annotations

import hashlib
import json
import os
from importlib import resources
from typing import Any

import pytest
import trio

from hunt.metrics.sample_buffer import KEPT, WATCHERS
from hunt.web.routes.pages import POLICY
from tests.support.problems import assert_problem
from tests.support.serving import Client, Stream, bearer, serving, stream

SAMPLES = "/ops/samples"


@pytest.fixture(autouse=True)
def way() -> None:
    """These routes have one way only, so once is enough."""


def operator(client: Client, **options: Any) -> None:
    client.headers.update(bearer("root", audience="hunt-admin", **options))


async def until(watched: Stream, kind: str) -> Any:
    """Return what the next event of a kind says."""
    while (event := await watched.next()).event != kind:
        pass
    return json.loads(event.data)


async def test_only_operators_may_watch_but_the_page_is_there(database: str) -> None:
    async with serving(database) as client:
        for path in (SAMPLES, "/ops/sample"):
            assert_problem(await client.get(path), 401)
        page = await client.get("/ops", headers={"Authorization": ""})
        assert page.status_code == 200
        assert page.headers["Content-Security-Policy"] == POLICY
        assert "://" not in page.text


async def test_elsewhere_there_is_no_such_page(database: str) -> None:
    async with serving(database, operations_bind="127.0.0.1:1") as client:
        operator(client)
        for path in ("/ops", SAMPLES, "/ops/sample"):
            assert (await client.get(path)).status_code == 404


async def test_the_stream_greets_and_then_says_every_second_how_it_is(database: str) -> None:
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


async def test_a_hunt_that_is_closed_is_told(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            await until(watched, "hunts")
            assert (await client.post("/v1/admin/hunts/harbour/close")).status_code == 200
            assert (await until(watched, "hunts"))["hunts"][0]["state"] == "closed"


async def test_who_comes_back_gets_what_it_has_missed(database: str) -> None:
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


async def test_watchers_have_a_bound_and_leave_their_place(database: str) -> None:
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


async def test_a_token_that_expires_ends_the_stream(database: str) -> None:
    async with serving(database) as client:
        operator(client, ttl=2)
        async with stream(client, SAMPLES) as watched:
            await watched.rest()
        assert_problem(await client.get(SAMPLES), 401)


async def test_the_stream_says_so_when_the_process_drains(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            await until(watched, "sample")
            answer = await client.post("/v1/admin/drain", params={"process": os.getpid()}, json={})
            assert answer.status_code == 202
            assert (await watched.rest())[-1].event == "drain"


async def test_only_a_process_of_this_server_is_drained(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        for process, status in (("1", 404), ("x", 400)):
            answer = await client.post("/v1/admin/drain", params={"process": process}, json={})
            assert_problem(answer, status)
        assert not client.engine.operations.drain.requested.is_set()


async def test_the_breaker_held_open_is_seen(database: str) -> None:
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


def test_what_we_ship_of_others_is_what_they_made() -> None:
    vendor = resources.files("hunt.web").joinpath("static", "vendor")
    sums = dict(
        reversed(line.split()) for line in (vendor / "SHA256SUMS").read_text("utf-8").splitlines()
    )
    there = {each.name for each in vendor.iterdir()} - {"SHA256SUMS"}
    assert sums.keys() == there
    assert "uPlot-LICENSE.txt" in there
    for name, wanted in sums.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == wanted
