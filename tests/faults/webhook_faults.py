"""Faults of a receiver of webhooks, and of the process that sends them."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import psycopg
import trio

from hunt.core.key_ring import KeyRing
from hunt.core.log_event import EventFilter
from hunt.core.webhooks import FollowedLog
from hunt.store.change_events import ChangeEvents
from hunt.store.driver.pool import open_pool
from hunt.store.log_events import LogEvents
from hunt.store.new_webhook import NewWebhook
from hunt.store.webhooks import Webhooks
from hunt.testing.checks import Violation
from hunt.testing.webhook_checks import in_order
from tests.faults.players import HUNT
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.support.receiver import Receiver, Respond, Taken

Response = tuple[int, list[tuple[str, str]], bytes]

KEY = bytes(range(32))
ENVIRON = {
    "HUNT_DATA_KEYS": "rig:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "HUNT_WEBHOOK_ALLOW": "127.0.0.0/8",
}

#: Seconds within which all events must have arrived after the last fault.
PATIENCE = 30.0


#: Marks wins as sent, at most 50.
SENT = """
    select seq from hunt_change_rewards(%(hunt)s, array(
        select r.seq from rewards r join hunts h on h.number = r.hunt
         where h.id = %(hunt)s and r.prize is not null
           and hunt_reward_state(r.hunt, r.seq) = 'granted' order by r.seq limit 50
    ), null, 'sent', null, 'rig')
"""


async def add(conninfo: str, receiver: Receiver, log: FollowedLog = "rewards") -> None:
    """Create an endpoint that gets all wins of the hunt, or all changes of their states."""
    async with open_pool(conninfo, size=1) as pool:
        stored = Webhooks(pool, KeyRing([("rig", KEY)]))
        await stored.create(HUNT, NewWebhook(url=receiver.url, log=log, from_seq=1), actor="rig")


async def fulfil(rig: Rig) -> None:
    """Mark wins as sent until cancelled, also while the servers are down."""
    while True:
        with suppress(psycopg.OperationalError):
            await rig.postgres.execute(SENT, {"hunt": HUNT})
        await trio.sleep(0.1)


async def check(rig: Rig) -> list[Violation]:
    """Wait until all events have arrived, and compare them with their logs."""
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
    found = in_order(receiver.delivered(), owed)
    if rig.changes is not None:
        found += await check_changes(rig, rig.changes)
    return found


async def check_changes(rig: Rig, receiver: Receiver) -> list[Violation]:
    """Wait until all changes have arrived, and compare them with the database."""
    async with open_pool(rig.postgres.conninfo, size=1) as pool:
        page, _, _ = await ChangeEvents(pool).page(HUNT, EventFilter(), after=0, limit=20_000)
    with trio.move_on_after(PATIENCE):
        await receiver.wait(lambda: len(receiver.accepted()) >= len(page), PATIENCE)
    rig.notes["webhook changes"] = len(page)
    rig.notes["webhook changes repeated"] = len(receiver.taken) - len(page)
    return in_order(receiver.delivered(), [(each.event_id, each.number, each.id) for each in page])


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
    """Kill all workers of the nodes while they wait for an answer of each receiver."""
    receivers = [each for each in (rig.receiver, rig.changes) if each is not None]
    waiting, killed = [trio.Event() for _ in receivers], trio.Event()

    def holding(waits: trio.Event) -> Respond:
        async def hold(taken: Taken) -> Response | None:
            waits.set()
            await killed.wait()
            return None

        return hold

    for receiver, waits in zip(receivers, waiting, strict=True):
        receiver.respond = holding(waits)
    with trio.fail_after(20):
        for waits in waiting:
            await waits.wait()
    for node in rig.nodes:
        for pid in node.processes():
            os.kill(pid, signal.SIGKILL)
    for receiver in receivers:
        receiver.respond = receiver.plain
    killed.set()
    yield
