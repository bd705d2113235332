"""Grey failures: PostgreSQL is reachable, but does not work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing, suppress
from dataclasses import replace
from typing import Literal

import trio

from tests.faults import http
from tests.faults.names import DELAY
from tests.faults.players import HUNT, readiness, token
from tests.faults.registry import fault
from tests.faults.rig import HARBOUR, Rig, make_hunt

OTHER = "lagoon"  #: a hunt without a fault

#: Maximum time until a resume has its status line, in seconds.
ANSWERED = 10.0


@fault
@asynccontextmanager
async def freeze_and_promote(rig: Rig) -> AsyncIterator[None]:
    """Freeze the primary (SIGSTOP) for good, and promote its standby."""
    old, new = rig.postgres, rig.standby
    assert new is not None
    old.freeze()
    yield
    await new.execute("select pg_promote()")
    rig.postgres = new


@fault
@asynccontextmanager
async def resume_streams(rig: Rig, count: int = 4) -> AsyncIterator[None]:
    """Resume streams on each node, from the beginning; measure the time to their answers."""
    waits: list[float] = []
    epoch = next(each.last[0] for each in rig.listeners if each.last is not None)

    async def resume(port: int, player: str) -> None:
        began = trio.current_time()
        request = http.stream_request(token(player), HUNT, f"{epoch}-0")
        with closing(http.Channel(port)) as channel, suppress(http.Broken):
            with trio.move_on_after(ANSWERED):
                async with aclosing(channel.body(request)) as pieces:
                    await anext(pieces, None)
        waits.append(trio.current_time() - began)

    async with trio.open_nursery() as nursery:
        for node in rig.nodes:
            for number in range(count):
                nursery.start_soon(resume, node.own_port, f"p{number}")
        yield
    slowest = max(waits)
    rig.notes["resume slowest"] = max(rig.notes.get("resume slowest", 0.0), slowest)


@fault
@asynccontextmanager
async def drop_one_way(
    rig: Rig, direction: Literal["requests", "answers"] = "answers"
) -> AsyncIterator[None]:
    """Drop all bytes in one direction between hunt and PostgreSQL, also on new connections."""
    paths = [path for node in rig.nodes for path in (node.database, node.listening)]
    for path in paths:
        path.dropped = direction
    yield
    for path in paths:
        path.dropped = None


@fault
@asynccontextmanager
async def slow_names(rig: Rig, seconds: float = 8.0) -> AsyncIterator[None]:
    """Delay each lookup of a host name, and force new connections meanwhile."""
    (rig.folder / DELAY).write_text(str(seconds))
    await rig.postgres.terminate()
    yield
    (rig.folder / DELAY).unlink()


@asynccontextmanager
async def watched(rig: Rig) -> AsyncIterator[None]:
    """Count backends and changes of readiness during the block.

    Figures: the maximum number of hunt's backends, and of those that wait for a lock; how often
    a node became ready after it had not been ready.
    """
    highest = {"backends": 0, "backends waiting": 0}
    ready: dict[int, bool] = {}
    returns = 0

    async def count() -> None:
        async with await rig.postgres.connect() as conn:
            while True:
                cursor = await conn.execute(
                    "select count(*), count(*) filter (where wait_event_type = 'Lock')"
                    " from pg_stat_activity where application_name = 'hunt'"
                )
                [found] = await cursor.fetchall()
                for name, value in zip(highest, found, strict=True):
                    highest[name] = max(highest[name], value)
                await trio.sleep(0.05)

    async def ask(port: int) -> None:
        nonlocal returns
        while True:
            now = await readiness(port) == 200
            returns += now and not ready.get(port, True)
            ready[port] = now
            await trio.sleep(0.05)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        for node in rig.nodes:
            nursery.start_soon(ask, node.own_port)
        yield
        nursery.cancel_scope.cancel()
    rig.notes.update(highest)
    rig.notes["ready again"] = returns


@asynccontextmanager
async def other_hunt(rig: Rig) -> AsyncIterator[None]:
    """Click in another hunt during the block, and count its failures."""
    await make_hunt(rig.postgres.conninfo, replace(HARBOUR, id=OTHER))
    wrong = slowest = 0.0
    right = 0
    port = rig.nodes[0].own_port

    async def play() -> None:
        nonlocal wrong, right, slowest
        signed = token("other")
        with closing(http.Channel(port)) as channel:
            while True:
                body = b'{"id": "%b", "x": 5.0, "y": 5.0}' % rig.crowd.click_id().encode()
                began = trio.current_time()
                try:
                    answer = await channel.request(http.click_request(signed, OTHER, body))
                    status = answer.status
                except http.Broken:
                    status = 0
                if status == 200:
                    right += 1
                    slowest = max(slowest, trio.current_time() - began)
                else:
                    wrong += right > 0  # before that, the node does not know the hunt
                await trio.sleep(0.05)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        while not right:
            await trio.sleep(0.05)
        yield
        nursery.cancel_scope.cancel()
    rig.notes |= {"other clicks": right, "other failed": wrong, "other slowest": slowest}


@fault
@asynccontextmanager
async def lock_hunt(rig: Rig) -> AsyncIterator[None]:
    """Hold the row of one hunt, as an open transaction of an administrator does."""
    async with other_hunt(rig), watched(rig), await rig.postgres.connect() as conn:
        await conn.execute("begin")
        await conn.execute("select from hunts where id = %s for update", [HUNT])
        yield
        await conn.execute("rollback")


@asynccontextmanager
async def trigger(rig: Rig, body: str) -> AsyncIterator[None]:
    """Run `body` for each insert of rewards; measure whether a node reports itself as ready."""
    await rig.postgres.execute(
        "create function grey() returns trigger language plpgsql as"
        f" $$ begin {body}; return null; end $$"
    )
    await rig.postgres.execute(
        "create trigger grey before insert on rewards for each statement execute function grey()"
    )
    async with watched(rig):
        yield
    await rig.postgres.execute("drop trigger grey on rewards")
    await rig.postgres.execute("drop function grey")


@fault
@asynccontextmanager
async def slow_inserts(rig: Rig, seconds: float = 0.06) -> AsyncIterator[None]:
    """Slow down each insert of rewards, and nothing else."""
    async with trigger(rig, f"perform pg_sleep({seconds})"):
        yield


@fault
@asynccontextmanager
async def full_for_rows(rig: Rig) -> AsyncIterator[None]:
    """Fail inserts of rewards with a full disk (53100), and nothing else."""
    async with trigger(rig, "raise exception 'disk full' using errcode = '53100'"):
        yield


@fault
@asynccontextmanager
async def freeze_standby(rig: Rig) -> AsyncIterator[None]:
    """Freeze the standby for which each COMMIT waits."""
    assert rig.standby is not None
    # In a hunt without clicks no COMMIT holds a lock, and a probe must still wait for the standby.
    await make_hunt(rig.postgres.conninfo, replace(HARBOUR, id=OTHER))
    rig.standby.freeze()
    async with watched(rig):
        yield
    rig.standby.thaw()
