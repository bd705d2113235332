"""Operators drain processes and hold the breaker."""

from __future__ import annotations

import trio

from hunt.errors import StoreUnavailable
from hunt.store.audit import Entry
from tests.support.operators import ADMIN, act, operator
from tests.support.problems import assert_problem
from tests.support.serving import serving


async def test_breaker_is_held_while_the_database_is_unavailable(database: str) -> None:
    async with serving(database) as client:
        away, recorded = True, trio.Event()
        engine, record = client.engine, client.engine.store.audit.record
        player = dict(client.headers)

        async def sometimes(entry: Entry) -> None:
            if away:
                raise StoreUnavailable("away")
            await record(entry)
            recorded.set()

        engine.operations.audit_queue._record = sometimes
        operator(client)
        for force in ("open", "closed"):
            answer = await act(client, "POST", f"{ADMIN}/breaker", json={"force": force})
            assert answer == {"force": force, "state": force, "processes": 1}
            ready = await client.get("/readyz")
            assert ready.status_code == (503 if force == "open" else 200)
        client.headers.update(player)
        assert (await client.click()).status_code == 200
        operator(client)
        await act(client, "POST", f"{ADMIN}/breaker", json={"force": None})
        for wrong in ({}, {"force": "half-open"}, {"force": "open", "more": 1}, {"force": []}):
            assert_problem(await client.post(f"{ADMIN}/breaker", json=wrong), 400)
        away = False
        with trio.fail_after(5):
            await recorded.wait()
            while len(engine.operations.audit_queue._entries):
                await trio.lowlevel.checkpoint()
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        assert [each["detail"]["force"] for each in trail if each["action"] == "breaker"] == [
            None, "closed", "open",
        ]  # fmt: skip


async def test_process_drains_on_request(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        response = await client.post(f"{ADMIN}/drain")
        assert response.status_code == 202
        with trio.fail_after(5):
            await client.engine.operations.drain._finished.wait()


async def test_unknown_process_is_not_drained(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        for process, status in (("1", 404), ("x", 400)):
            answer = await client.post("/v1/admin/drain", params={"process": process}, json={})
            assert_problem(answer, status)
        assert not client.engine.operations.drain.requested.is_set()
