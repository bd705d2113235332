"""Faults of a receiver of webhooks, and of the process that sends them."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import trio

from hunt.core.key_ring import KeyRing
from hunt.core.log_event import EventFilter
from hunt.store.driver.pool import open_pool
from hunt.store.log_events import LogEvents
from hunt.store.new_webhook import NewWebhook
from hunt.store.webhooks import Webhooks
from hunt.testing.checks import Violation
from hunt.testing.webhook_checks import in_order
from tests.faults.players import HUNT
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.support.receiver import Receiver, Taken

Response = tuple[int, list[tuple[str, str]], bytes]

KEY = bytes(range(32))
ENVIRON = {
    "HUNT_DATA_KEYS": "rig:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "HUNT_WEBHOOK_ALLOW": "127.0.0.0/8",
}

#: Seconds within which all events must have arrived after the last fault.
PATIENCE = 30.0


async def add(conninfo: str, receiver: Receiver) -> None:
    """Create an endpoint that gets all wins of the hunt."""
    async with open_pool(conninfo, size=1) as pool:
        stored = Webhooks(pool, KeyRing([("rig", KEY)]))
        await stored.create(HUNT, NewWebhook(url=receiver.url, from_seq=1), actor="rig")


async def check(rig: Rig) -> list[Violation]:
    """Wait until all events have arrived, and compare them with the log."""
    receiver, began = rig.receiver, trio.current_time()
    assert receiver is not None
    receiver.respond = receiver.plain
    # Time passes: the pause before the next attempt is over.
    await rig.postgres.execute("update webhooks set stopped = null, next_attempt = null")
    owed = await events(rig)
    with trio.move_on_after(PATIENCE):
        await receiver.wait(lambda: len(receiver.accepted()) >= len(owed), PATIENCE)
    rig.notes["webhook seconds"] = trio.current_time() - began
    rig.notes["webhook events"] = len(owed)
    rig.notes["webhook repeats"] = len(receiver.taken) - len(owed)
    [[dead]] = await rig.postgres.execute("select count(*) from webhook_dead")
    rig.notes["webhook dead letters"] = dead
    return in_order(receiver.delivered(), owed)


async def events(rig: Rig) -> Sequence[tuple[str, int, str]]:
    """Return id, seq and click of all wins of the log."""
    found: list[tuple[str, int, str]] = []
    async with open_pool(rig.postgres.conninfo, size=1) as pool:
        after, more = 0, True
        while more:
            page, after, more = await LogEvents(pool).page(
                HUNT, EventFilter(), after=after, limit=10_000
            )
            found += [(each.event_id, each.seq, each.id) for each in page]
    return found


@fault
@asynccontextmanager
async def receiver_down(rig: Rig) -> AsyncIterator[None]:
    """Close every connection of the receiver without an answer, for an hour."""
    receiver = rig.receiver
    assert receiver is not None

    async def close(taken: Taken) -> None:
        return None

    receiver.respond = close
    yield
    # An hour passes by the times that the database has recorded.
    await rig.postgres.execute(
        "update webhooks set failing_since = failing_since - %s", (timedelta(hours=1),)
    )
    receiver.respond = receiver.plain


@fault
@asynccontextmanager
async def receiver_slow(rig: Rig, seconds: float = 1.0) -> AsyncIterator[None]:
    """Let each answer of the receiver take some time."""
    receiver = rig.receiver
    assert receiver is not None

    async def answer(taken: Taken) -> Response:
        await trio.sleep(seconds)
        return 200, [], b""

    receiver.respond = answer
    yield
    receiver.respond = receiver.plain


@fault
@asynccontextmanager
async def receiver_refuses(rig: Rig) -> AsyncIterator[None]:
    """Answer 500, a redirect, and then 410, which stops the endpoint."""
    receiver = rig.receiver
    assert receiver is not None
    statuses = iter((500, 302))

    async def answer(taken: Taken) -> Response:
        return next(statuses, 410), [("Location", f"{receiver.url}/elsewhere")], b""

    receiver.respond = answer
    yield
    with trio.fail_after(30):
        while not await rig.postgres.execute("select 1 from webhooks where stopped = 'gone'"):
            await rig.postgres.execute("update webhooks set next_attempt = null")
            await trio.sleep(0.2)
    receiver.respond = receiver.plain


@fault
@asynccontextmanager
async def kill_sender(rig: Rig) -> AsyncIterator[None]:
    """Kill all workers of the nodes while one waits for the answer of the receiver."""
    receiver = rig.receiver
    assert receiver is not None
    waits, killed = trio.Event(), trio.Event()

    async def hold(taken: Taken) -> Response | None:
        waits.set()
        await killed.wait()
        return None

    receiver.respond = hold
    with trio.fail_after(20):
        await waits.wait()
    for node in rig.nodes:
        for pid in node.processes():
            os.kill(pid, signal.SIGKILL)
    receiver.respond = receiver.plain
    killed.set()
    yield
