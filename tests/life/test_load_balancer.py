"""A load balancer leaves a node whose database is slow, and returns to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from hunt.core import tokens
from hunt.processes.node import TOTAL_AGE
from tests.faults import http, players
from tests.faults.client_faults import metric
from tests.faults.nodes import SECRET, Node
from tests.life.proxied_node import node
from tests.support.processes import end, free_port, until
from tests.support.requirements import required

PAGE = Path(__file__).parents[2] / "docs/how-to/load-balancer.md"

#: The limit of slow commits, and the duration of each, in seconds: far apart, because the
#: machine may be slow.
SLOW, LATENCY = 1.4, 0.9
SETTINGS = {"HUNT_BREAKER_SLOW": str(SLOW), "HUNT_BREAKER_BATCHES": "3", "HUNT_QUEUE_AGE": "10"}


def configuration(here: int, *nodes: int) -> str:
    """Return the configuration of the documentation, for ports of this machine."""
    [text] = re.findall(r"```haproxy\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    text, count = re.subn(r"bind \S+", f"bind 127.0.0.1:{here}", text)
    assert count == 1
    for number, port in enumerate(nodes, start=1):
        text, count = re.subn(rf"10\.0\.0\.{number}:8000", f"127.0.0.1:{port}", text)
        assert count == 1
    return text


@asynccontextmanager
async def haproxy(folder: Path, *nodes: int) -> AsyncIterator[int]:
    """Run HAProxy before nodes, and yield its port."""
    program = required(Path("/usr/sbin/haproxy"), "Debian's haproxy is not installed")
    here = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(configuration(here, *nodes), "utf-8")
    process = subprocess.Popen([program, "-db", "-f", config], process_group=0)
    try:
        with trio.fail_after(60):
            while await ready(here) != 200:
                assert process.poll() is None
                await trio.sleep(0.02)
        yield here
    finally:
        end(process)


async def ready(port: int) -> int:
    """Return the status of readiness; 0 without an answer."""
    try:
        return await players.readiness(port)
    except http.Broken:
        return 0


async def clicks(made: Node) -> float:
    """Return how many clicks a node has received, with any answer."""
    return await metric(made.own_port, "hunt_clicks_total")


@dataclass
class Player:
    """Sends each click until it is answered with 200, and records all answers."""

    port: int
    name: str
    statuses: list[int] = field(default_factory=list)
    settled: int = 0

    async def play(self) -> None:
        """Click until cancelled."""
        bearer = tokens.sign((SECRET,), self.name, ttl=3600, now=datetime.now(UTC))
        channel = http.Channel(self.port)
        try:
            while True:
                body = json.dumps({"id": str(uuid.uuid4()), "x": 1, "y": 2}).encode()
                status = 0
                while status != 200:
                    answer = await channel.request(http.click_request(bearer, "harbour", body))
                    status = answer.status
                    self.statuses.append(status)
                self.settled += 1
                await trio.sleep(0.01)
        finally:
            channel.close()


@pytest.mark.usefixtures("unmeasured")
async def test_traffic_leaves_a_node_whose_database_is_slow(database: str, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)
    async with (
        node(database, tmp_path / "one", **SETTINGS) as one,
        node(database, tmp_path / "two", **SETTINGS) as two,
        haproxy(tmp_path, one.own_port, two.own_port) as port,
        trio.open_nursery() as nursery,
    ):
        crowd = [Player(port, f"player-{number}") for number in range(8)]
        for each in crowd:
            nursery.start_soon(each.play)

        async def until_clicks(made: Node, count: int) -> None:
            wanted = await clicks(made) + count
            with trio.fail_after(60):
                while await clicks(made) < wanted:
                    await trio.sleep(0.05)

        async def until_settled(count: int) -> None:
            wanted = [each.settled + count for each in crowd]
            await until(
                lambda: all(e.settled >= w for e, w in zip(crowd, wanted, strict=True)), seconds=60
            )

        async def until_counted_anew() -> None:
            """Let the players play until a node no longer shows its last count of clicks."""
            kept_until = trio.current_time() + TOTAL_AGE
            while trio.current_time() <= kept_until:
                await until_settled(20)

        for made in (one, two):
            await until_clicks(made, 20)

        one.database.latency = one.listening.latency = LATENCY
        with trio.fail_after(60):
            while await ready(one.own_port) != 503:
                await trio.sleep(0.02)
        # Clicks in flight have ended once the node receives no more clicks.
        quiet = -1.0
        with trio.fail_after(60):
            while quiet != (quiet := await clicks(one)):
                await until_counted_anew()
        told = [len(each.statuses) for each in crowd]
        await until_settled(100)
        await until_counted_anew()
        assert await clicks(one) == quiet
        assert {s for each, n in zip(crowd, told, strict=True) for s in each.statuses[n:]} == {200}
        assert await ready(one.own_port) == 503, "a slow database stays slow"

        one.database.latency = one.listening.latency = 0.0
        await until_clicks(one, 50)
        nursery.cancel_scope.cancel()
