"""Two sets of hunts behind HAProxy, each with nodes and a PostgreSQL server of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path

import httpx
import psycopg
import pytest
import trio
from websockets.sync.client import connect

from hunt.core.sse import Parser
from hunt.core.tokens import sign
from hunt.store import schema
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.deploy.test_proxies import DEPLOY, SECRET, Node, substitute
from tests.support.database import SERVER
from tests.support.pg_hba import trusting
from tests.support.processes import free_port
from tests.support.requirements import required
from tests.support.serving import HARBOUR

HAPROXY = Path("/usr/sbin/haproxy")


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a PostgreSQL server; yield its connection string and the process that holds it."""
    folder.mkdir()
    rules = trusting(folder)["hba_file"]
    command = [sys.executable, "-c", SERVER, str(folder / "data"), rules]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().strip(), process
        finally:
            process.terminate()


async def prepare(database: str, hunt: str) -> None:
    """Migrate a database, and open a hunt in it."""
    async with await Connection.connect(database, autocommit=True) as conn:
        await schema.migrate(conn)
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        definition = replace(HARBOUR, id=hunt)
        await hunts.apply(definition, seed=os.urandom(32), actor="test")
        await hunts.open(hunt)


def configuration(folder: Path, port: int, nodes: dict[str, Node]) -> Path:
    """Write HAProxy's configuration for this machine; return its path."""
    (folder / "hunts.map").write_bytes((DEPLOY / "haproxy/hunts.map").read_bytes())
    second = {r"\n    server [ab]2 .*": ""}  # a set of one node here
    addresses = {
        rf"10\.0\.{number}\.1:8000": f"127.0.0.1:{nodes[name].port}"
        for number, name in ((1, "a"), (2, "b"))
    }
    text = substitute(
        (DEPLOY / "haproxy/sets.cfg").read_text("utf-8"),
        {
            r"maxconn 40000": "maxconn 1000",
            r"0\.0\.0\.0:80\b": f"127.0.0.1:{port}",
            r"/etc/haproxy/hunts\.map": str(folder / "hunts.map"),
        }
        | second
        | addresses,
    )
    path = folder / "sets.cfg"
    path.write_text(text, "utf-8")
    return path


@asynccontextmanager
async def balanced(folder: Path, databases: dict[str, str]) -> AsyncIterator[str]:
    """Run a node for each set, and HAProxy; yield its address."""
    program = required(HAPROXY, "Debian's haproxy is not installed")
    async with AsyncExitStack() as stack:
        nodes = {}
        for name, database in databases.items():
            nodes[name] = Node(database, folder / f"node-{name}")
            stack.push_async_callback(nodes[name].end)
            await nodes[name].start()
        port = free_port()
        process = subprocess.Popen([program, "-db", "-f", configuration(folder, port, nodes)])
        try:
            url = f"http://127.0.0.1:{port}"
            for hunt in ("harbour", "river"):
                await _wait_served(f"{url}/v1/hunts/{hunt}")
            yield url
        finally:
            process.terminate()
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(process.wait)


async def _wait_served(url: str) -> None:
    """Return once HAProxy runs, and sends requests for `url` to a node."""
    async with httpx.AsyncClient() as client:
        with trio.fail_after(30):
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(url)).status_code == 200:
                        return
                await trio.sleep(0.05)


def logged(database: str) -> set[str]:
    """Return the ids of all clicks in a database."""
    with psycopg.connect(database) as connection:
        return set(starmap(str, connection.execute("select click_id from rewards")))


class Set:
    """The clicks of one player in the hunt of a set."""

    def __init__(self, client: httpx.AsyncClient, hunt: str) -> None:
        self.client, self.hunt = client, hunt
        self.settled: set[str] = set()  #: ids

    async def click(self) -> int:
        """Click once; return the status of the answer."""
        body = {"id": str(uuid.uuid4()), "x": 40.5, "y": 20}
        answer = await self.client.post(f"/v1/hunts/{self.hunt}/clicks", json=body)
        if answer.status_code == 200:
            self.settled.add(str(body["id"]))
        return answer.status_code

    async def events(self, count: int, task_status: trio.TaskStatus[None]) -> None:
        """Read a stream until `count` rewards have arrived, all of this hunt's clicks."""
        found: set[str] = set()
        parser = Parser()
        async with self.client.stream("GET", f"/v1/hunts/{self.hunt}/events") as answer:
            async for chunk in answer.aiter_bytes():
                for event in parser.feed(chunk):
                    if event.event == "hello":
                        task_status.started()
                    if event.event == "reward":
                        found.add(json.loads(event.data)["id"])
                if len(found) == count:
                    break
        assert found == self.settled


@pytest.mark.usefixtures("unmeasured")
async def test_each_hunt_is_played_in_its_set_and_sets_fail_alone(tmp_path: Path) -> None:
    with (
        postgres(tmp_path / "a") as (first, _),
        postgres(tmp_path / "b") as (second, failing),
    ):
        await prepare(first, "harbour")
        await prepare(second, "river")
        async with balanced(tmp_path, {"a": first, "b": second}) as url:
            token = sign((SECRET,), "ada", ttl=3600, now=datetime.now(UTC))
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
                harbour, river = Set(client, "harbour"), Set(client, "river")
                await play(harbour, river)
                assert (logged(first), logged(second)) == (harbour.settled, river.settled)
                await check_other_paths(client, url)

                failing.send_signal(signal.SIGTERM)
                await trio.to_thread.run_sync(failing.wait)
                with trio.fail_after(30):
                    while await river.click() != 503:
                        await trio.sleep(0.1)
                for _ in range(20):
                    assert await harbour.click() == 200
                    assert await river.click() == 503
                assert logged(first) == harbour.settled


async def play(*sets: Set) -> None:
    """Click in each set, with a stream open that must deliver each click."""
    for each in sets:
        each.settled.clear()
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for each in sets:
                await nursery.start(each.events, 20)
            for _ in range(20):
                for each in sets:
                    assert await each.click() == 200


async def check_other_paths(client: httpx.AsyncClient, url: str) -> None:
    """Check what belongs to no hunt: set a answers, and its guests play in every set."""
    listed = (await client.get("/v1/hunts")).json()
    assert [each["id"] for each in listed["hunts"]] == ["harbour"]
    session = await client.post("/v1/session", headers={"Origin": url})
    cookie = session.headers["Set-Cookie"].partition(";")[0]

    def greeting() -> str:
        with connect(
            url.replace("http", "ws") + "/v1/hunts/river/socket",
            additional_headers={"Origin": url, "Cookie": cookie},
        ) as socket:
            return str(socket.recv(timeout=20))

    assert '"hunt":"river"' in await trio.to_thread.run_sync(greeting)
