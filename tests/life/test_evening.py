"""An evening of the live show on two nodes, from the schedule that opens it to the erasure."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio

from hunt.core.compression import compressed
from hunt.core.definition import Quota
from hunt.core.hunt_file import parse, to_json
from hunt.core.sse import Parser
from tests.support.processes import HYPERCORN, free_port, running, until
from tests.support.serving import SECRET, bearer

EXAMPLE = Path(__file__).parents[2] / "examples" / "live-stream.toml"
SHOW = "live-show"
CLICKS = f"/v1/hunts/{SHOW}/clicks"
ADMIN = f"/v1/admin/hunts/{SHOW}"

#: Seconds between two clicks of the cheat's program: regular, and faster than a person.
PERIOD = 0.05

#: Seconds within which both nodes must obey a ban.
AT_ONCE = 1.0


def show(opens: datetime) -> dict[str, Any]:
    """Return the live show at another time, in minutes, with many attempts."""
    definition = compressed(parse(EXAMPLE.read_text("utf-8")), opens, pace=30, share=0.2)
    return to_json(replace(definition, attempts=Quota(100_000, "hunt")))


class Viewer:
    """A client of one node, with the live events of its stream."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.events: list[tuple[str, Any]] = []
        self.ended = trio.Event()

    async def watch(self) -> None:
        parser = Parser()
        path = f"/v1/hunts/{SHOW}/events"
        async with self.client.stream("GET", path, timeout=None) as response:
            assert response.status_code == 200
            async for chunk in response.aiter_raw():
                for each in parser.feed(chunk):
                    if each.event in {"state", "announcement"}:
                        self.events.append((each.event, json.loads(each.data)))
        self.ended.set()

    def told(self, event: str, **members: Any) -> bool:
        """Return whether an event with these members has arrived."""
        return any(kind == event and members.items() <= data.items() for kind, data in self.events)

    async def click(self) -> httpx.Response:
        body = {"id": str(uuid.uuid4()), "x": 50.0, "y": 50.0}
        return await self.client.post(CLICKS, json=body)

    async def click_often(self, *, refusals: list[int]) -> None:
        """Click as a program does, until a click is forbidden."""
        at = trio.current_time()
        while True:
            at += PERIOD
            await trio.sleep_until(at)
            status = (await self.click()).status_code
            if status == 403:
                return
            if status != 200:
                refusals.append(status)


class Evening:
    """Two nodes, an operator, and players at each node."""

    def __init__(self, stack: AsyncExitStack, urls: list[str]) -> None:
        self._stack = stack
        self._urls = urls

    async def client(self, node: int, name: str, **token: Any) -> httpx.AsyncClient:
        return await self._stack.enter_async_context(
            httpx.AsyncClient(base_url=self._urls[node], headers=bearer(name, **token), timeout=30)
        )


async def done(operator: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """Return the answer to an act of an operator."""
    answer = await operator.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def test_an_evening_of_the_live_show(database: str) -> None:
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        urls = []
        for _ in range(2):
            urls.append(f"http://127.0.0.1:{free_port()}")
            address = urls[-1].removeprefix("http://")
            environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
            arguments = [*HYPERCORN, "-b", address, "-w", "1", "hunt.asgi:app"]
            await stack.enter_async_context(running(arguments, urls[-1], environ))
        evening = Evening(stack, urls)
        operator = await evening.client(0, "root", audience="hunt-admin")
        cheats = [Viewer(await evening.client(node, "mallory")) for node in range(2)]
        honest = Viewer(await evening.client(1, "ada"))

        # The schedule opens the show, and speaks.
        opens = datetime.now(UTC) + timedelta(seconds=2)
        await done(operator, "POST", "/v1/admin/hunts", show(opens))
        for entry in (
            {"action": "open", "at": opens.isoformat()},
            {"action": "announce", "at": opens.isoformat(), "text": "Welcome to the show"},
        ):
            await done(operator, "POST", f"{ADMIN}/schedule", entry)
        await playing(honest)
        nursery.start_soon(honest.watch)
        for each in cheats:
            nursery.start_soon(each.watch)
        await until(lambda: honest.told("announcement", text="Welcome to the show"))

        # It is paused and resumed; streams learn of it.
        await done(operator, "POST", f"{ADMIN}/pause", {})
        await until(lambda: honest.told("state", state="paused"))
        assert (await honest.click()).status_code == 409
        await done(operator, "POST", f"{ADMIN}/open", {})
        await until(lambda: last(honest, "state") == "open")

        # A program clicks at one node; the list finds it by its figures.
        refusals: list[int] = []
        nursery.start_soon(partial(cheats[0].click_often, refusals=refusals))
        found = await listed(operator)
        assert found["player"] == "mallory"
        assert {"rate", "regular"} & set(found["reasons"])

        # One act bans the player and voids the wins; both nodes obey within a second.
        ban = {"player": "mallory", "hunt": SHOW, "reason": "a program", "void": True}
        voided = await done(operator, "POST", "/v1/admin/bans", ban)
        began = time.monotonic()
        await banned(cheats)
        assert time.monotonic() - began < AT_ONCE
        for each in cheats:
            with trio.fail_after(10):
                await each.ended.wait()
        assert set(refusals) <= {429, 503}
        rewards = await done(operator, "GET", f"{ADMIN}/players/mallory/rewards?limit=1000")
        wins = [each for each in rewards["rewards"] if each["prize"] is not None]
        assert voided["voided"] == len(wins)
        assert {each["state"] for each in wins} <= {"void"}
        assert (await honest.click()).status_code == 200

        # It is closed: "over" arrives before the stream ends.  Then the cheat is erased.
        await done(operator, "POST", f"{ADMIN}/close", {})
        with trio.fail_after(30):
            await honest.ended.wait()
        assert last(honest, "state") == "over"
        await done(operator, "DELETE", "/v1/admin/players/mallory")
        winners = await done(operator, "GET", f"{ADMIN}/winners?limit=1000")
        assert "mallory" not in json.dumps(winners)
        trail = await done(operator, "GET", f"/v1/admin/audit?hunt={SHOW}&limit=1000")
        assert "mallory" not in json.dumps(trail)
        nursery.cancel_scope.cancel()


def last(viewer: Viewer, event: str) -> Any:
    """Return the state in the last event of a kind."""
    return [data["state"] for kind, data in viewer.events if kind == event][-1]


async def playing(viewer: Viewer) -> None:
    """Return once a click counts."""
    with trio.fail_after(60):
        while (await viewer.click()).status_code != 200:
            await trio.sleep(0.1)


async def listed(operator: httpx.AsyncClient) -> dict[str, Any]:
    """Return the first player of the list of anomalies, once there is one."""
    with trio.fail_after(60):
        while True:
            found = await done(operator, "GET", f"{ADMIN}/anomalies")
            if found["players"]:
                first: dict[str, Any] = found["players"][0]
                return first
            await trio.sleep(0.5)


async def banned(viewers: list[Viewer]) -> None:
    """Return once each node refuses a click as forbidden."""

    async def refused(viewer: Viewer) -> None:
        while (await viewer.click()).status_code != 403:
            pass

    async with trio.open_nursery() as nursery:
        for each in viewers:
            nursery.start_soon(refused, each)
