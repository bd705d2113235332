"""The stream of the operations page."""

from __future__ import annotations

import json
import os
from math import inf
from pathlib import Path
from typing import Any

import trio
from trio import TASK_STATUS_IGNORED

from hunt.core.sse import Parser
from hunt.core.tokens import Identity
from hunt.metrics.sample_buffer import KEPT, WATCHERS
from hunt.play.reconnect import Reconnect
from hunt.web.admin.sample_stream import SampleServices, SampleStream
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
        for path in (SAMPLES, "/ops/sample", "/ops/kept"):
            assert_problem(await client.get(path), 401)
        page = await client.get("/ops", headers={"Authorization": ""})
        assert page.status_code == 200
        assert page.headers["Content-Security-Policy"] == POLICY
        assert "://" not in page.text


async def test_page_exists_at_the_operations_address_only(database: str) -> None:
    async with serving(database, operations_bind="127.0.0.1:1") as client:
        operator(client)
        for path in ("/ops", SAMPLES, "/ops/sample", "/ops/kept"):
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
            processes = await until(watched, "processes")
            assert processes["silent"] == 0
            [own] = processes["processes"]
            assert own["process"] == os.getpid()
            assert own["breaker"]["state"] == "closed"
            sample = (await until(watched, "node"))[-1]
            assert (sample["processes"], sample["breakers"]) == (1, {"closed": 1})
            assert sample["database"] < 5
            client.headers.update(bearer("ada"))
            assert (await client.click()).status_code == 200
            clicks = 0.0
            while not clicks:
                [later] = await until(watched, "node")
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
        for resume, shortest, longest in (("", 2, 9), (f"{samples._name}-{samples.seq}", 1, 1)):
            headers = {"Last-Event-ID": resume}
            async with stream(client, SAMPLES, headers=headers) as watched:
                while (event := await watched.next()).event != "node":
                    pass
                known = json.loads(event.data)
                assert shortest <= len(known) <= longest
                times = [each["at"] for each in known]
                assert times == sorted(set(times))
                assert event.id is not None
                assert event.id.startswith(f"{samples._name}-")


async def answering(
    path: Path, answers: dict[str, object], task_status: trio.TaskStatus[None] = TASK_STATUS_IGNORED
) -> None:
    """Answer requests on a Unix socket as another process does."""
    with trio.socket.socket(trio.socket.AF_UNIX) as listener:
        await listener.bind(str(path))
        listener.listen()
        task_status.started()
        while True:
            connection, _ = await listener.accept()
            async with trio.SocketStream(connection) as client:
                target = (await client.receive_some()).split()[1].decode().partition("?")[0]
                body = json.dumps(answers[target]).encode()
                await client.send_all(b"HTTP/1.0 200 OK\r\n\r\n" + body)


async def test_samples_of_other_processes_are_added_in_the_past_and_the_present(
    database: str, tmp_path: Path
) -> None:
    async with serving(database) as client, trio.open_nursery() as nursery:
        operator(client)
        engine = client.engine
        samples = engine.telemetry.samples
        while samples.seq < 3:
            await samples.wait_newer(samples.seq)
        kept = json.loads((await client.get("/ops/kept")).content)
        newest = (await client.get("/ops/sample")).json()
        busy = {
            "/ops/kept": [each | {"clicks": 100.0} for each in kept],
            "/ops/sample": newest | {"clicks": 50.0},
        }
        of_another_release = {"/ops/kept": [{"at": 1}], "/ops/sample": {"at": 1}}
        paths = [tmp_path / "one", tmp_path / "other"]
        await nursery.start(answering, paths[0], busy)
        await nursery.start(answering, paths[1], of_another_release)
        services = SampleServices(
            settings=engine.settings,
            samples=samples,
            siblings=lambda: paths,
            catalogue=engine.catalogue,
            breaker=engine.commits.breaker,
            reconnect=Reconnect(lambda: 0.0),
            valid=lambda _: True,
        )
        root = Identity("root", None, cookie=False, until=inf, key=None)
        body = SampleStream(services, authorization="", identity=root, resume=None)
        async with body:
            sent = [each for each in Parser().feed(await anext(body)) if each.data]
        events = {each.event: json.loads(each.data) for each in sent}
        assert (len(events["processes"]["processes"]), events["processes"]["silent"]) == (3, 0)
        past = [(each["processes"], each["clicks"]) for each in events["node"]]
        assert past[:2] == [(2, 100.0), (2, 100.0)]
        assert past[-1] == (2, 50.0)
        nursery.cancel_scope.cancel()


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
            await until(watched, "node")
            answer = await client.post("/v1/admin/drain", params={"process": os.getpid()}, json={})
            assert answer.status_code == 202
            assert (await watched.rest())[-1].event == "drain"


async def test_sample_shows_a_breaker_that_is_held_open(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        async with stream(client, SAMPLES) as watched:
            await until(watched, "node")
            assert (await client.post("/v1/admin/breaker", json={"force": "open"})).is_success
            state = "closed"
            while state != "open":
                breaker = (await until(watched, "processes"))["processes"][0]["breaker"]
                state = breaker["state"]
            assert (breaker["forced"], breaker["reason"]) == ("open", "forced")
