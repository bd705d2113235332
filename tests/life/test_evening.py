"""The examples from the rehearsal to the erasure, on two nodes, with a cheat among the players."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import trio

from tests.life.evenings import ADVENT, CITY, LIVE, Example, Nodes, Player, done, problem, two_nodes
from tests.support.processes import HUNT, until

#: Seconds within which both nodes must obey a ban.
AT_ONCE = 1.0

#: A small rehearsal, with limits that hold on a busy machine.
REHEARSAL = (
    "--players", "30", "--rate", "30", "--for", "8",
    "--answer-p99", "5000", "--event-p99", "5000", "--json",
)  # fmt: skip


async def test_examples_are_run_from_rehearsal_to_erasure(database: str) -> None:
    """Run all examples at once, so that the test takes the time of one."""
    async with two_nodes(database) as nodes, trio.open_nursery() as nursery:
        for example in (LIVE, CITY, ADVENT):
            nursery.start_soon(run, nodes, example)


async def run(nodes: Nodes, example: Example) -> None:
    """Run one example."""
    async with nodes.rehearsing:
        await rehearse(nodes, example)
    async with trio.open_nursery() as nursery:
        operator = await nodes.client(0, "root", audience="hunt-admin")
        name = f"mallory-{example.hunt}"
        cheats = [Player(await nodes.client(node, name), example) for node in range(2)]
        honest = Player(await nodes.client(1, "ada"), example)
        await open_by_schedule(operator, example, honest)
        for each in (honest, *cheats):
            nursery.start_soon(each.watch)
        await until(lambda: honest.told("announcement", text="Welcome"))
        await check_rules(example, honest)
        await pause_and_resume(operator, example, honest)
        refusals: list[int] = []
        nursery.start_soon(partial(cheats[0].click_often, refusals=refusals))
        await ban(operator, example, name, cheats)
        assert set(refusals) <= {429, 503}
        assert (await honest.click()).status_code == 200
        await close(operator, example, honest)
        await erase(operator, example, name)


async def rehearse(nodes: Nodes, example: Example) -> None:
    """Check that ``hunt rehearse`` says go, and leaves nothing behind."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUNT_")}
    result = await trio.run_process(
        [
            *HUNT,
            "rehearse",
            str(example.path),
            *REHEARSAL,
            *example.rehearsal,
            "--url",
            nodes.urls[0],
        ],
        env={**inherited, **nodes.environ},
        check=False,
        capture_stdout=True,
        capture_stderr=True,
    )
    assert result.stdout, result.stderr.decode()
    found = json.loads(result.stdout)
    failed = [each for each in found["checks"] if not each["ok"]]
    assert (result.returncode, failed, found["violations"]) == (0, [], []), (example.hunt, failed)
    assert b"deleted test-" in result.stderr


async def open_by_schedule(operator: httpx.AsyncClient, example: Example, honest: Player) -> None:
    """Check that the schedule opens the hunt, and announces."""
    opens = datetime.now(UTC) + timedelta(seconds=2)
    await example.create(operator, opens)
    for entry in ({"action": "open"}, {"action": "announce", "text": "Welcome"}):
        entry |= {"at": opens.isoformat()}
        await done(operator, "POST", f"{example.hunt_admin}/schedule", entry)
    await honest.playing()
    if example.campaign:  # its other doors wait for their own times
        await done(operator, "POST", f"{example.admin}/open", {})
        with trio.fail_after(10):  # another process may answer, which learns of it later
            while await first_doors(honest, example.campaign) != ["open", "coming"]:
                await trio.lowlevel.checkpoint()


async def first_doors(player: Player, campaign: str) -> list[str]:
    """Return the states of the first two doors of a campaign."""
    shown = (await player.client.get(f"/v1/campaigns/{campaign}")).json()
    return [each["state"] for each in shown["doors"]][:2]


async def check_rules(example: Example, honest: Player) -> None:
    for each in example.refused:
        answer = await honest.click(each.click, each.hunt)
        assert (answer.status_code, each.problem) == (each.status, problem(answer))


async def pause_and_resume(operator: httpx.AsyncClient, example: Example, honest: Player) -> None:
    """Check that streams report the pause, and that no click counts during it."""
    await done(operator, "POST", f"{example.admin}/pause", {})
    await until(lambda: honest.told("state", state="paused"))
    assert (await honest.click()).status_code == 409
    await done(operator, "POST", f"{example.admin}/open", {})
    await until(lambda: honest.state == "open")


async def ban(
    operator: httpx.AsyncClient, example: Example, name: str, cheats: list[Player]
) -> None:
    """Check that the list shows the program, and that one act bans it and voids its wins."""
    found = await listed(operator, example)
    assert found["player"] == name
    assert {"rate", "regular"} & set(found["reasons"])
    body = {"player": name, "hunt": example.hunt, "reason": "a program", "void": True}
    voided = await done(operator, "POST", "/v1/admin/bans", body)
    began = time.monotonic()
    async with trio.open_nursery() as nursery:
        for each in cheats:
            nursery.start_soon(each.banned)
    assert time.monotonic() - began < AT_ONCE
    for each in cheats:
        with trio.fail_after(10):
            await each.ended.wait()
    path = f"{example.hunt_admin}/players/{name}/rewards?limit=1000"
    rewards = (await done(operator, "GET", path))["rewards"]
    wins = [each["state"] for each in rewards if each["prize"] is not None]
    assert (voided["voided"], set(wins)) == (len(wins), {"void"})


async def listed(operator: httpx.AsyncClient, example: Example) -> dict[str, Any]:
    """Return the first player of the list of anomalies, once there is one."""
    with trio.fail_after(60):
        while True:
            found = await done(operator, "GET", f"{example.hunt_admin}/anomalies")
            if found["players"]:
                first: dict[str, Any] = found["players"][0]
                return first
            await trio.sleep(0.5)


async def close(operator: httpx.AsyncClient, example: Example, honest: Player) -> None:
    """Check that the state "over" arrives before the stream ends."""
    await done(operator, "POST", f"{example.admin}/close", {})
    with trio.fail_after(30):
        await honest.ended.wait()
    assert honest.state == "over"


async def erase(operator: httpx.AsyncClient, example: Example, name: str) -> None:
    """Check that no list and no audit entry has the id of an erased player."""
    await done(operator, "DELETE", f"/v1/admin/players/{name}")
    for path in (
        f"{example.hunt_admin}/winners?limit=1000",
        f"/v1/admin/audit?hunt={example.hunt}&limit=1000",
    ):
        assert name not in json.dumps(await done(operator, "GET", path))
