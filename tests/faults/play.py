"""Plays a script: a warm-up, the crowd, the faults, a quiet time, and the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import trio

from hunt.testing.checks import bounded
from hunt.testing.delivery_checks import delivered
from hunt.testing.history import Attempt, History, Opened
from hunt.testing.oracle import check_history
from tests.faults import codes, players, ruled, schedule_faults, webhook_faults
from tests.faults.faults import FAULTS
from tests.faults.figures import excused, figures, goodput, statuses
from tests.faults.listener import Listener
from tests.faults.metrics import metric
from tests.faults.rig import Result, Rig, built
from tests.faults.script import Script, Step
from tests.faults.usage import usage

#: Seconds of load before usage is measured: connections are made, modules imported, caches filled.
WARM_UP = 1.0

#: Seconds of load after the recovery: at least, and until the goodput is back at the latest.
AFTERWARDS, LONGEST_AFTERWARDS = 1.0, 10.0


def slack(script: Script) -> dict[str, float]:
    """Return how much more may be in use after a run than before it.

    Memory: the allocator keeps pages that the load and the failures touched, so each process has an
    allowance, and each player a small one.  A leak of one object per click or event exceeds it.
    """
    processes = script.nodes * (script.processes + 1)
    streams = script.players * script.listeners
    memory = processes * 0.7e6 + streams * 0.05e6 + script.memory
    return {"descriptors": 2, "connections": 2, "memory": memory}


async def run(script: Script, template: Path, *, command: tuple[str, ...] | None = None) -> Result:
    """Play one script to its end, and check it."""
    async with built(script, template, command=command) as rig:
        return await play(rig)


async def play(rig: Rig) -> Result:
    """Let the players click during the faults; then wait until all is quiet, and check."""
    script, crowd = rig.script, rig.crowd
    await warm_up(rig)
    before = await usage(rig)

    async def strike(number: int) -> None:
        step = script.steps[number]
        await trio.sleep_until(rig.began + step.at)
        if not step.calm:
            await inflict(rig, step)
            return
        async with rig.calm:
            await settled(rig)
            await inflict(rig, step)

    async with trio.open_nursery() as listening:
        rig.nursery = listening
        rig.began = trio.current_time()
        listen(rig, listening)
        if script.changes:
            listening.start_soon(webhook_faults.fulfil, rig)
        for number in range(script.nodes if script.codes else 0):
            listening.start_soon(codes.watch_everyone, rig, number)
        async with trio.open_nursery() as clicking:
            start_clicking(rig, clicking)
            async with trio.open_nursery() as striking:
                for number in range(len(script.steps)):
                    striking.start_soon(strike, number)
            await trio.sleep_until(max(rig.began + script.seconds, rig.well + 1.0))
            await enough(rig)
            await settled(rig)
            rig.healthy = trio.current_time()
            await flowing(rig)
            crowd.clicking = False
            clicking.cancel_scope.deadline = trio.current_time() + 2 * players.PATIENCE
        await quiet(rig)
        listening.cancel_scope.cancel()
    books = await rig.postgres.books(players.HUNT)
    if script.codes:
        await codes.note_the_rest(rig)
    found = check_history(judged(rig), books, well=rig.well, within=script.within)
    if rig.receiver is not None:
        found += await webhook_faults.check(rig)
    if script.schedule:
        found += await schedule_faults.check(rig)
    if script.rules:
        found += await ruled.check(rig)
    after = await back(rig, before)
    found += bounded(before, after, slack(script))
    [[recorded]] = await rig.postgres.execute("select count(*) from rejected")
    seen = figures(rig)
    seen["rejected unrecorded"] = max(seen["rejected"] - recorded, 0)
    seen |= {f"more {name}": after[name] - before[name] for name in before}
    return Result(script, found, seen, statuses(crowd.history), crowd.history, rig.gave_up)


def listen(rig: Rig, nursery: trio.Nursery) -> None:
    """Start the listeners of all players."""
    for number in range(rig.script.players):
        for _ in range(rig.script.listeners):
            listener = Listener(rig.crowd, _player(number))
            rig.listeners.append(listener)
            nursery.start_soon(listener.run)


def start_clicking(rig: Rig, nursery: trio.Nursery) -> None:
    """Start the players; every third one clicks on two connections to two servers."""
    for number in range(rig.script.players):
        for other in range(2 if number % 3 == 0 else 1):
            click = players.click_all_the_time
            nursery.start_soon(click, rig.crowd, _player(number), number + other)


def _player(number: int) -> str:
    return f"p{number}"  # one name begins with another: p1, p10


async def warm_up(rig: Rig) -> None:
    """Play for a moment without a fault, and wait until its streams have ended."""
    async with trio.open_nursery() as listening:
        listen(rig, listening)
        async with trio.open_nursery() as clicking:
            start_clicking(rig, clicking)
            await trio.sleep(WARM_UP)
            rig.crowd.clicking = False
            clicking.cancel_scope.deadline = trio.current_time() + 2 * players.PATIENCE
        await quiet(rig)
        for each in rig.listeners:
            each.leave()
        listening.cancel_scope.cancel()
    with trio.fail_after(30):
        while sum([await metric(each.own_port, "hunt_subscribers") for each in rig.nodes]):
            await trio.sleep(0.05)
    rig.listeners.clear()
    rig.crowd.forget_streams()
    rig.crowd.clicking = True


async def inflict(rig: Rig, step: Step) -> None:
    """Keep a fault in force for its duration."""
    rig.crowd.mark(f"{step.fault} begins")
    rig.struck = rig.struck or trio.current_time()
    async with FAULTS[step.fault](rig, **step.give):
        await trio.sleep(step.lasts)
    rig.crowd.mark(f"{step.fault} is over")
    rig.well = trio.current_time()


def judged(rig: Rig) -> History:
    """Return the history that must agree with the stored log."""
    if not rig.judged_from:
        return rig.history
    # The oracle must also know the senders of earlier rows.
    sent = {row.id: row.player for row in rig.known}
    before, after = rig.history.entries[: rig.judged_from], rig.history.entries[rig.judged_from :]
    # A repeat may have a receipt for rows that were lost after its own.
    told = [
        each
        for each in before
        if isinstance(each, Attempt) and each.click in sent and (each.upto or 0) <= len(sent)
    ]
    streams = {each.connection for each in after if isinstance(each, Opened)}
    return History(
        [
            *told,
            *(each for each in after if getattr(each, "connection", None) in {None, *streams}),
        ]
    )


async def enough(rig: Rig, *, patience: float = 60.0) -> None:
    """Wait until the required number of clicks was answered."""
    with trio.move_on_after(patience) as scope:
        while rig.crowd.clicking and rig.script.answers > sum(
            each.verdict == "ok" for each in rig.history.attempts(players.HUNT)
        ):
            await trio.sleep(0.1)
    if scope.cancelled_caught:
        rig.gave_up.append(f"no {rig.script.answers} clicks were answered within {patience:g} s")


async def settled(rig: Rig, *, patience: float = 20.0) -> None:
    """Wait until all clicks have been answered with 200 for half a second."""
    with trio.move_on_after(patience) as scope:
        while rig.crowd.clicking:
            await trio.sleep(0.1)
            now = trio.current_time()
            recent = [
                each
                for each in rig.history.entries[-400:]
                if isinstance(each, Attempt) and each.answered > now - 0.5
            ]
            if recent and all(each.verdict == "ok" for each in recent if not excused(each)):
                return
    if scope.cancelled_caught:
        rig.gave_up.append(f"clicks still failed {patience:g} s after the last fault")


async def flowing(rig: Rig) -> None:
    """Wait until the goodput is back; it is judged afterwards.

    Other programs may take the machine for the one second in which it is measured.
    """
    with trio.move_on_after(LONGEST_AFTERWARDS):
        while True:
            await trio.sleep(AFTERWARDS)
            rig.ended = trio.current_time()
            if goodput(rig)[1] >= rig.script.minima["goodput after"]:
                return


async def quiet(rig: Rig) -> None:
    """Wait until every listener has all rewards of the log; the oracle reports missing ones."""
    with trio.move_on_after(rig.script.within):
        while True:
            await trio.sleep(0.1)
            books = await rig.postgres.books(players.HUNT)
            if not delivered(judged(rig), books, well=rig.well, within=rig.script.within):
                return


async def back(rig: Rig, before: Mapping[str, float]) -> dict[str, float]:
    """Return the resource usage once all clients have disconnected and caches were evicted."""
    allowed = slack(rig.script)
    with trio.move_on_after(2 * rig.script.within):
        while bounded(before, await usage(rig), allowed):
            await trio.sleep(0.1)
    return await usage(rig)
