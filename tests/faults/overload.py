"""Offered load of one, two and three times the capacity of a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import trio

from tests.faults import rig
from tests.faults.offering import WINDOW
from tests.faults.script import Script

#: Maximum clicks of a commit, and seconds of delay in each direction, so that the database limits
#: this server, and not the machine, which also makes the load.  A commit is far below the limit of
#: the breaker, which would otherwise open on a machine with other work.
BATCH, LATENCY = 10, 0.006

SCRIPT = Script(
    name="overload",
    row="offered load of three times the capacity",
    processes=1,
    environ={"HUNT_BATCH_SIZE": str(BATCH), "HUNT_CLICK_RATE": "0"},
)

#: Share of the capacity that is offered before, and again afterwards.
NORMAL = 0.3

#: Connections that offer the load, each with its own player.
CONNECTIONS = 4000

#: Connections of the closed loop that measures the capacity, and how often it is tried.
CLOSED, ATTEMPTS = 3 * BATCH, 3


async def offered(port: int, rate: float, seconds: float, connections: int) -> dict[str, Any]:
    """Offer load from another process."""
    arguments = [str(port), str(rate), str(seconds), str(connections)]
    command = [sys.executable, "-m", "tests.faults.offering", *arguments]
    done = await trio.run_process(command, capture_stdout=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def capacity(port: int, seconds: float) -> tuple[float, int]:
    """Return the goodput of a closed loop, and how many of its clicks were refused.

    Other work on the machine can make the server refuse clicks; then the loop is repeated.
    """
    for _ in range(ATTEMPTS):
        seen = await offered(port, 0.0, seconds, CLOSED)
        refused = sum(count for status, count in seen["statuses"].items() if status != "200")
        if not refused:
            break
    return seen["goodput"], refused


async def measure(template: Path, *, seconds: float = 4.0) -> dict[str, float]:
    """Return the figures of a server under growing load."""
    async with rig.built(SCRIPT, template) as made:
        [node] = made.nodes
        node.database.latency = LATENCY
        port = node.own_port
        peak, refused = await capacity(port, seconds)
        before = await offered(port, NORMAL * peak, seconds, CONNECTIONS)
        figures: dict[str, float] = {
            "capacity": peak,
            "refused below capacity": refused,
            "p99 before": before["p99"],
        }
        for times in (1, 2, 3):
            seen = await offered(port, times * peak, seconds, CONNECTIONS)
            figures[f"goodput at {times}x"] = seen["goodput"] / peak
            figures[f"refusal p99 at {times}x"] = seen["refusal p99"]
            figures[f"p99 at {times}x"] = seen["p99"]
            figures[f"broken at {times}x"] = seen["broken"] + seen["unsent"]
            figures[f"memory at {times}x"] = node.usage()["memory"]
        figures["back to normal"] = await back_to_normal(port, peak, before["p99"], seconds)
        return figures


async def back_to_normal(port: int, peak: float, p99: float, seconds: float) -> float:
    """Return the seconds from the end of threefold load until no click is refused."""
    seen: dict[str, dict[str, Any]] = {}

    async def offer(name: str, rate: float, how_long: float) -> None:
        seen[name] = await offered(port, rate, how_long, CONNECTIONS)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(offer, "normal", NORMAL * peak, seconds + 7.0)
        await trio.sleep(1.0)
        nursery.start_soon(offer, "more", (3 - NORMAL) * peak, seconds)
    end = seen["more"]["began"] + seconds - seen["normal"]["began"]
    limit = 2 * p99 + 0.02
    slow = [
        (int(number) + 1) * WINDOW
        for number, found in seen["normal"]["windows"].items()
        if found > limit
    ]
    return max(0.0, *(each - end for each in [*slow, seen["normal"]["last refusal"]]))


def failures(figures: dict[str, float]) -> list[str]:
    """Return the violated bounds as sentences."""
    found = []
    if refused := figures["refused below capacity"]:
        found.append(f"{refused:.0f} clicks of the closed loop were refused: no figure is right")
    for times in (1, 2, 3):
        goodput, refusal = figures[f"goodput at {times}x"], figures[f"refusal p99 at {times}x"]
        if goodput < 0.9:
            found.append(f"at {times} times the load, goodput is {goodput:.0%} of the peak")
        if refusal > 0.05:
            found.append(f"at {times} times the load, refusals take {refusal * 1000:.0f} ms (p99)")
        if figures[f"broken at {times}x"]:
            found.append(f"at {times} times the load, clicks went unanswered")
    if figures["memory at 3x"] > figures["memory at 1x"] + 30e6:
        found.append("memory grows with the load")
    if figures["back to normal"] > 2.0:
        found.append(f"p99 is back to normal only after {figures['back to normal']:.1f} s")
    return found
