"""Readiness of a node: every worker gives the same answer, current within a second."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
import trio

from hunt.core import tokens
from hunt.core.readiness import SUPERVISOR_SILENCE, WORKER_SILENCE
from tests.faults import http
from tests.faults.nodes import SECRET, Node
from tests.life.proxied_node import node
from tests.support.processes import gone, ports

#: Maximum time until all workers know and were asked, in seconds, even on a busy machine.
SOON = 5.0


async def readyz(path: str) -> tuple[int, dict[str, Any]]:
    """Return the answer of the worker with this socket."""
    transport = httpx.AsyncHTTPTransport(uds=path)
    async with httpx.AsyncClient(transport=transport, timeout=20) as client:
        answer = await client.get("http://hunt/readyz")
    return answer.status_code, answer.json()


async def statuses(made: Node) -> set[int]:
    """Return the statuses that the workers answer with."""
    return {(await readyz(path))[0] for path in sorted(made.own_sockets())}


async def until_all(made: Node, status: int, *, seconds: float = 30.0) -> None:
    """Return once every worker answers with this status."""
    with trio.fail_after(seconds):
        while await statuses(made) != {status}:
            await trio.sleep(0.01)


def operator_at(path: str) -> httpx.AsyncClient:
    """Return an operator that is connected to the worker with this socket."""
    token = tokens.sign((SECRET,), "root", audience=tokens.ADMIN, ttl=600, now=datetime.now(UTC))
    return httpx.AsyncClient(
        base_url="http://hunt",
        transport=httpx.AsyncHTTPTransport(uds=path),
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )


async def force(path: str, state: str | None) -> None:
    """Hold the breaker of the worker with this socket."""
    async with operator_at(path) as client:
        answer = await client.post("/v1/admin/breaker?process=own", json={"force": state})
        assert answer.status_code == 200


@pytest.mark.parametrize(("share", "status"), [("1", 503), ("0.5", 200)])
async def test_every_worker_answers_for_the_node(
    database: str, tmp_path: Path, share: str, status: int
) -> None:
    async with node(database, tmp_path, HUNT_READY_SHARE=share) as made:
        await until_all(made, 200)
        first, second = sorted(made.own_sockets())
        await force(first, "open")
        await until_all(made, status)
        for path in (first, second):
            _, body = await readyz(path)
            reasons = {each["process"]: each["reasons"] for each in body["workers"]}
            assert sorted(reasons) == made.processes()
            assert sorted(map(bool, reasons.values())) == [False, True]
            assert "the breaker is open: forced" in str(reasons)
        await force(first, None)
        await until_all(made, 200)


async def test_failure_that_one_worker_meets_is_known_to_all_at_once(
    database: str, tmp_path: Path
) -> None:
    async with node(database, tmp_path) as made:
        await until_all(made, 200)
        channel = http.Channel(made.own_port)  # one connection, so that one worker gets all clicks
        bearer = tokens.sign((SECRET,), "ada", ttl=600, now=datetime.now(UTC))

        async def click() -> int:
            body = json.dumps({"id": str(uuid.uuid4()), "x": 1, "y": 2}).encode()
            return (await channel.request(http.click_request(bearer, "harbour", body))).status

        assert await click() == 200
        made.database.blackhole(True)
        with trio.fail_after(60):
            while await click() != 503:
                pass
        # The other worker has had no failure, and may not have used the database at all.
        await until_all(made, 503, seconds=SOON)
        made.database.blackhole(False)
        await until_all(made, 200, seconds=60)
        channel.close()


async def test_worker_cut_off_from_the_database_leaves_its_clients_to_the_other(
    database: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(node(database, tmp_path))
        await until_all(made, 200)
        # The worker that commits the clicks of both: the other one could go on for a while.
        victim = max(made.processes(), key=lambda pid: crc32(f"{pid} harbour".encode()))
        operators = [await stack.enter_async_context(operator_at(p)) for p in made.own_sockets()]
        samples = [(await each.get("/ops/sample")).json()["process"] for each in operators]
        operator = operators[samples.index(victim)]
        bearer = tokens.sign((SECRET,), "ada", ttl=600, now=datetime.now(UTC))
        channels = [http.Channel(made.own_port) for _ in range(16)]
        for channel in channels:
            stack.callback(channel.close)

        async def click(channel: http.Channel) -> int:
            body = json.dumps({"id": str(uuid.uuid4()), "x": 1, "y": 2}).encode()
            return (await channel.request(http.click_request(bearer, "harbour", body))).status

        async def met() -> int:
            """Return how many clicks the victim has received."""
            page = (await operator.get("/metrics?process=own")).text
            lines = [line for line in page.splitlines() if line.startswith("hunt_clicks_total")]
            return sum(int(float(line.rpartition(" ")[2])) for line in lines)

        with trio.fail_after(60):  # until some of them are connected to the victim
            while not await met():
                for channel in channels:
                    channel.close()
                    assert await click(channel) == 200
        made.database.cut_off(lambda port: port in ports(victim))
        with trio.fail_after(60):
            while (await operator.get("/ops/sample")).json()["breaker"]["state"] == "closed":
                headers = {"Authorization": f"Bearer {bearer}"}
                body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
                await operator.post("/v1/hunts/harbour/clicks", json=body, headers=headers)
            # Each connection to it gets one last response.
            for channel in channels:
                while await click(channel) != 200:
                    pass
        # From now on no click is refused, on old and on new connections.
        before = await met()
        for number in range(10):
            for channel in channels:
                assert await click(channel) == 200
                if number % 2:
                    channel.close()
        assert await met() == before
        assert await statuses(made) == {200}, "half of the node is able"
        made.database.cut_off(lambda port: False)
        with trio.fail_after(60):  # the victim accepts clients again
            while await met() == before:
                for channel in channels:
                    channel.close()
                    await click(channel)


async def test_half_open_breaker_is_not_ready(database: str, tmp_path: Path) -> None:
    async with node(database, tmp_path) as made:
        await until_all(made, 200)
        made.database.blackhole(True)
        for path in sorted(made.own_sockets()):
            await force(path, "open")
        await until_all(made, 503)
        for path in sorted(made.own_sockets()):
            await force(path, None)  # probes are sent from now on, and get no answer
        halves = 0
        with trio.fail_after(60):
            while halves < 3:
                status, body = await readyz(min(made.own_sockets()))
                assert status == 503
                halves += "half-open" in str(body)
        made.database.blackhole(False)
        await until_all(made, 200, seconds=60)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process (SIGSTOP) for the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if not gone(pid):
            os.kill(pid, signal.SIGCONT)


async def test_worker_that_stands_still_counts_as_not_able(database: str, tmp_path: Path) -> None:
    async with node(database, tmp_path, HUNT_READY_SHARE="1") as made:
        await until_all(made, 200)
        body: dict[str, Any] = {}
        with stopped(made.processes()[0]), trio.fail_after(WORKER_SILENCE + 20):
            while "has not reported for" not in str(body):
                for path in made.own_sockets():
                    with trio.move_on_after(0.5):
                        _, body = await readyz(path)
        assert {each["able"] for each in body["workers"]} == {True, False}


async def test_supervisor_that_stands_still_leaves_no_stale_answer(
    database: str, tmp_path: Path
) -> None:
    async with node(database, tmp_path) as made:
        await until_all(made, 200)
        with stopped(made.server.process.pid):
            await until_all(made, 503, seconds=SUPERVISOR_SILENCE + 20)
            for path in made.own_sockets():
                assert "the supervisor has not reported for" in (await readyz(path))[1]["detail"]
        await until_all(made, 200)


async def test_supervisor_that_is_gone_leaves_no_stale_answer(
    database: str, tmp_path: Path
) -> None:
    # The workers drain, and serve their connections for a while.
    async with node(database, tmp_path, HUNT_DRAIN_DELAY="5") as made, AsyncExitStack() as stack:
        await until_all(made, 200)
        kept = []
        for path in made.own_sockets():
            client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=path), timeout=20)
            kept.append(await stack.enter_async_context(client))
            assert (await client.get("http://hunt/readyz")).status_code == 200
        os.kill(made.server.process.pid, signal.SIGKILL)
        with trio.fail_after(20):
            for client in kept:
                while (answer := await client.get("http://hunt/readyz")).status_code == 200:
                    await trio.sleep(0.01)
                assert answer.json()["detail"] == "the supervisor has ended"
