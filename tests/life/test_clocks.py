"""Servers with a wrong clock: the database's clock opens and ends the hunts."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from hunt.core.definition import Definition
from hunt.core.maps import Map
from hunt.core.schedule import NewEntry
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.schedule import Schedule
from tests.support.processes import HYPERCORN, free_port, running

HOUR = timedelta(hours=1)
PLAIN = Definition("plain", "Plain", Map.sized(100, 100), None, None, 0.0, ())
SECRET = "clock-secret-clock-secret-clock-secret"


def library() -> Path | None:
    """Return Debian's libfaketime; None if it is not installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@asynccontextmanager
async def serving(database: str, skew: timedelta) -> AsyncIterator[httpx.AsyncClient]:
    """Run a server whose wall clock is off by `skew`; yield a client with a session."""
    found = library()
    if found is None:
        if os.environ.get("HUNT_TEST_REQUIRE") == "all":
            pytest.fail("Debian's faketime is not installed")
        pytest.skip("Debian's faketime is not installed")
    url = f"http://127.0.0.1:{free_port()}"
    arguments = [*HYPERCORN, "-b", url.removeprefix("http://"), "-w", "1", "hunt.asgi:app"]
    environ = {
        "HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET, "HUNT_GUESTS": "true",
        "LD_PRELOAD": str(found), "FAKETIME": f"{skew.total_seconds():+.0f}",
        "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    async with (
        running(arguments, url, environ),
        httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=20) as client,
    ):
        session = await client.post("/v1/session")
        assert session.status_code == 201, session.text
        yield client


async def create(database: str, name: str, **times: datetime) -> None:
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        await hunts.create(replace(PLAIN, id=name, **times), seed=os.urandom(32), actor="test")  # type: ignore[arg-type]
        await hunts.open(name)


async def shown(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    response = await client.get(f"/v1/hunts/{name}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def click(client: httpx.AsyncClient, name: str) -> int:
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    return (await client.post(f"/v1/hunts/{name}/clicks", json=body)).status_code


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])
async def test_server_with_a_wrong_clock_goes_by_the_clock_of_the_database(
    database: str, skew: timedelta
) -> None:
    now = datetime.now(UTC)
    half = timedelta(minutes=30)
    await create(database, "now", opens_at=now - half, closes_at=now + half)
    await create(database, "later", opens_at=now + half, closes_at=now + 2 * half)
    async with serving(database, skew) as client:
        said = parsedate_to_datetime((await client.get("/livez")).headers["Date"])
        assert abs(said - datetime.now(UTC) - skew) < timedelta(minutes=5), "its clock is off"

        assert (await shown(client, "now"))["state"] == "open"
        assert "seed" not in await shown(client, "now")
        assert await click(client, "now") == 200
        async with client.stream("GET", "/v1/hunts/now/events") as stream:
            assert stream.status_code == 200

        assert (await shown(client, "later"))["state"] == "waiting"
        assert await click(client, "later") == 409

        closes_at = datetime.now(UTC) + timedelta(seconds=3)
        await create(database, "soon", closes_at=closes_at)
        with trio.fail_after(30):
            while True:
                response = await client.get("/v1/hunts/soon")
                asked = datetime.now(UTC)
                if response.status_code == 200 and "seed" in response.json():
                    break
                await trio.sleep(0.05)
        assert asked >= closes_at, "not by a clock that is ahead"
        assert response.json()["state"] == "closed"
        assert response.json()["ended_at"] >= response.json()["closes_at"]
        assert await click(client, "soon") == 409


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])
async def test_entry_of_the_schedule_goes_by_the_clock_of_the_database(
    database: str, skew: timedelta
) -> None:
    await create(database, "now")
    async with serving(database, skew), open_pool(database, size=1) as pool:
        schedule = Schedule(pool)
        at = datetime.now(UTC) + timedelta(seconds=2)
        await schedule.add("now", NewEntry(at=at, action="pause"), actor="test")
        later = datetime.now(UTC) + timedelta(minutes=30)
        await schedule.add("now", NewEntry(at=later, action="open"), actor="test")
        with trio.fail_after(30):
            while (found := await schedule.entries("now"))[0].state == "waiting":
                await trio.sleep(0.05)
        assert found[0].settled_at is not None
        assert found[0].settled_at >= at, "not by a clock that is ahead"
        assert [each.state for each in found] == ["done", "waiting"]
