"""Plays a script: the crowd, the faults, a quiet time, and the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import trio

from hunt.testing.delivery import delivered
from hunt.testing.history import Attempt, History, Opened
from hunt.testing.judge import judge
from hunt.testing.oracle import bounded
from tests.faults import players
from tests.faults.figures import excused, figures, statuses
from tests.faults.listener import Listener
from tests.faults.rig import Result, Rig, built
from tests.faults.script import Script, Step

#: What may be more after a run than before it: pools fill, and memory is not given back.
SLACK = {"descriptors": 2 * 16 + 8, "memory": 24e6, "connections": 2 * 18}


async def run(script: Script, template: Path, *, command: tuple[str, ...] | None = None) -> Result:
    """Play one script to its end, and judge it."""
    async with built(script, template, command=command) as rig:
        return await play(rig)


async def play(rig: Rig) -> Result:
    """Let the crowd play while the faults strike; then wait until it is quiet, and judge."""
    script, crowd = rig.script, rig.crowd
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
        async with trio.open_nursery() as clicking:
            for number in range(script.players):
                # Such that one name begins with another.
                player = f"p{number}"
                for _ in range(script.listeners):
                    listener = Listener(crowd, player)
                    rig.listeners.append(listener)
                    listening.start_soon(listener.run)
                for _ in range(2 if number % 3 == 0 else 1):
                    clicking.start_soon(players.click_all_the_time, crowd, player)
            async with trio.open_nursery() as striking:
                for number in range(len(script.steps)):
                    striking.start_soon(strike, number)
            await trio.sleep_until(max(rig.began + script.seconds, rig.well + 1.0))
            await enough(rig)
            await settled(rig)
            crowd.clicking = False
            clicking.cancel_scope.deadline = trio.current_time() + 2 * players.PATIENCE
        await quiet(rig)
        listening.cancel_scope.cancel()
    books = await rig.postgres.books(players.HUNT)
    found = judge(judged(rig), books, well=rig.well, within=script.within)
    after = await back(rig, before)
    found += bounded(before, after, SLACK)
    [[recorded]] = await rig.postgres.execute("select count(*) from rejected")
    seen = figures(rig)
    seen["rejected unrecorded"] = max(seen["rejected"] - recorded, 0)
    return Result(script, found, seen, statuses(crowd.history), crowd.history)


async def inflict(rig: Rig, step: Step) -> None:
    """Have a fault in force for as long as it is to last."""
    from tests.faults.faults import FAULTS

    rig.crowd.mark(f"{step.fault} begins")
    rig.struck = rig.struck or trio.current_time()
    async with FAULTS[step.fault](rig, **step.give):
        await trio.sleep(step.lasts)
    rig.crowd.mark(f"{step.fault} is over")
    rig.well = trio.current_time()


def judged(rig: Rig) -> History:
    """Return the history that the books have to agree with."""
    if not rig.judged_from:
        return rig.history
    # Who sent the rows that were there, the oracle would not know otherwise.
    sent = {row.id: row.player for row in rig.known}
    before, after = rig.history.entries[: rig.judged_from], rig.history.entries[rig.judged_from :]
    told = [each for each in before if isinstance(each, Attempt) and each.click in sent]
    streams = {each.connection for each in after if isinstance(each, Opened)}
    return History(
        [
            *told,
            *(each for each in after if getattr(each, "connection", None) in {None, *streams}),
        ]
    )


async def enough(rig: Rig, *, patience: float = 60.0) -> None:
    """Wait until so many clicks were answered as the script wants, or it is in vain."""
    with trio.move_on_after(patience):
        while rig.crowd.clicking and rig.script.answers > sum(
            each.verdict == "ok" for each in rig.history.attempts(players.HUNT)
        ):
            await trio.sleep(0.1)


async def settled(rig: Rig, *, patience: float = 20.0) -> None:
    """Wait until clicks are answered with 200 for half a second, or it is in vain."""
    with trio.move_on_after(patience):
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


async def quiet(rig: Rig) -> None:
    """Wait until every listener has what the log holds, or has had its time."""
    with trio.move_on_after(rig.script.within):
        while True:
            await trio.sleep(0.1)
            books = await rig.postgres.books(players.HUNT)
            if not delivered(judged(rig), books, well=rig.well, within=rig.script.within):
                return


async def usage(rig: Rig) -> dict[str, float]:
    """Return what the servers use now."""
    used: Counter[str] = Counter()
    for each in rig.nodes:
        used.update({name: int(value) for name, value in each.usage().items()})
    [[connections]] = await rig.postgres.execute(
        "select count(*) from pg_stat_activity where application_name = 'hunt'"
    )
    return {**used, "connections": connections}


async def back(rig: Rig, before: Mapping[str, float]) -> dict[str, float]:
    """Return what the servers use once all clients are gone, and have had time to be forgotten."""
    with trio.move_on_after(rig.script.within):
        while bounded(before, await usage(rig), SLACK):
            await trio.sleep(0.1)
    return await usage(rig)
