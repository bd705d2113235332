"""The counters of a node never fall while its supervisor lives."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import trio
from prometheus_client.parser import text_string_to_metric_families

from hunt.core import tokens
from hunt.embedded.token_secret import jwt_secret
from tests.support.processes import (
    HUNT,
    Player,
    Server,
    free_port,
    gone,
    hypercorn,
    player,
    running,
    servers,
    until,
)
from tests.support.serving import SECRET

Counters = dict[tuple[str, frozenset[tuple[str, str]]], float]


def counters(page: str) -> Counters:
    """Return every sample of a page that must not fall."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        if family.type in {"counter", "histogram"}
        for sample in family.samples
    }


@dataclass
class Scraper:
    """Reads the metrics all the time, and compares each page with the previous one."""

    url: str
    scrapes: int = 0  #: pages that differed from the one before
    page: str = ""
    last: Counters = field(default_factory=dict)
    fallen: list[str] = field(default_factory=list)

    async def scrape(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)  # so that every worker gets requests
        async with httpx.AsyncClient(limits=limits, timeout=10) as client:
            try:
                answer = await client.get(f"{self.url}/metrics")
            except httpx.TransportError:
                return  # the worker that was asked has just been killed
        assert answer.status_code == 200, answer.text
        if answer.text == self.page:
            return  # the node adds up once a second
        self.page = answer.text
        found = counters(answer.text)
        for series, value in self.last.items():
            if found.get(series, -1.0) < value:
                self.fallen.append(f"{series}: {value} -> {found.get(series)}")
        self.last = found
        self.scrapes += 1

    async def run(self) -> None:
        while True:
            await self.scrape()

    def clicks(self) -> float:
        return sum(value for (name, _), value in self.last.items() if name == "hunt_clicks_total")


@asynccontextmanager
async def scraped(data_dir: Path) -> AsyncIterator[tuple[Server, Player, Scraper]]:
    """Run a server with two workers, scraped until the end of the block."""
    port = free_port()
    command = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--data-dir", str(data_dir)]
    url = f"http://127.0.0.1:{port}"
    environ = {"HUNT_BREAKER_SLOW": "10", "HUNT_QUEUE_AGE": "20"}  # the machine may be slow
    async with running([*command, "--processes", "2"], url, environ) as server:
        await until(lambda: len(servers(server.process.pid)) == 2)
        async with player(url) as ada, trio.open_nursery() as nursery:
            scraper = Scraper(url)
            nursery.start_soon(scraper.run)
            yield server, ada, scraper
            nursery.cancel_scope.cancel()


async def click(ada: Player, url: str, count: int) -> None:
    """Click `count` times, each on a new connection, so that both workers get clicks."""
    wanted = len(ada.answers) + count
    with trio.fail_after(60):
        while len(ada.answers) < wanted:
            try:
                await ada.click(url)
            except httpx.TransportError:
                continue


async def scrapes(scraper: Scraper, count: int) -> None:
    """Return after `count` further pages."""
    wanted = scraper.scrapes + count
    await until(lambda: scraper.scrapes >= wanted, seconds=60)


async def read_minutes(url: str, data_dir: Path) -> list[tuple[int, int, int]]:
    """Return the minutes of the hunt, as a worker shows them on the operations page."""
    secret = jwt_secret(data_dir)
    now = datetime.now(UTC)
    token = tokens.sign((secret,), "root", audience=tokens.ADMIN, ttl=600, now=now)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        answer = await client.get(f"{url}/v1/admin/hunts/harbour/live")
    assert answer.status_code == 200, answer.text
    found: list[tuple[int, int, int]] = answer.json()["minutes"]
    return found


def restarts(scraper: Scraper) -> dict[str, float]:
    """Return how many workers were started in place of another one, by reason."""
    return {
        dict(labels)["reason"]: value
        for (name, labels), value in scraper.last.items()
        if name == "hunt_worker_restarts_total"
    }


async def test_no_counter_falls_when_a_worker_is_killed(tmp_path: Path) -> None:
    async with scraped(tmp_path / "data") as (server, ada, scraper):
        for _ in range(2):
            await click(ada, server.url, 40)
            await scrapes(scraper, 2)
            before, counted = servers(server.process.pid), scraper.clicks()
            for victim in before:  # each in turn, so that both have ended once
                os.kill(victim, signal.SIGKILL)
                await until(lambda victim=victim: gone(victim), seconds=60)
                await until(lambda: len(servers(server.process.pid)) == 2, seconds=60)
            await click(ada, server.url, 10)
            await scrapes(scraper, 4)
            # Exposed counts stay in the sum, and the new workers add to it.
            assert scraper.clicks() >= counted + 10
        assert scraper.fallen == []
        ends = ("hunt_worker_ends_total", frozenset({("how", "failed")}))
        assert scraper.last[ends] == 4
        assert restarts(scraper) == {"crash": 4, "hang": 0, "reload": 0}


async def test_restart_loses_no_count(tmp_path: Path) -> None:
    async with scraped(tmp_path / "data") as (server, ada, scraper):
        before = set(servers(server.process.pid))
        await click(ada, server.url, 40)
        server.send(signal.SIGHUP)
        await until(
            lambda: (
                len(servers(server.process.pid)) == 2
                and not before & set(servers(server.process.pid))
            ),
            seconds=60,
        )
        await until(lambda: all(gone(each) for each in before), seconds=60)
        await click(ada, server.url, 10)
        await scrapes(scraper, 3)
        assert scraper.clicks() == 50
        assert restarts(scraper) == {"crash": 0, "hang": 0, "reload": 2}
        for _ in range(4):  # both workers answer
            minutes = await read_minutes(server.url, tmp_path / "data")
            assert sum(clicks for _, clicks, _ in minutes) == 50
        assert scraper.fallen == []


async def test_workers_of_hypercorn_name_their_process(database: str) -> None:
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    processes: set[str | None] = set()
    async with hypercorn(environ, workers=2) as server:
        with trio.fail_after(60):
            while len(processes) < 2:
                async with httpx.AsyncClient(timeout=30) as client:
                    page = (await client.get(f"{server.url}/metrics")).text
                named = {dict(labels).get("process") for _, labels in counters(page)}
                assert len(named) == 1, "one page is of one process"
                processes |= named
    assert None not in processes
