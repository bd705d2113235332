"""Runs a script: real PostgreSQL, real servers, clients, the fault, and the oracle."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from hunt.core.definition import Definition, Prize
from hunt.core.events import Reward
from hunt.store.hunts import Hunts
from hunt.store.pool import open_pool
from hunt.testing.delivery import delivered
from hunt.testing.history import Attempt, History, Opened, Reset
from hunt.testing.judge import judge
from hunt.testing.oracle import Violation, bounded
from tests.faults import players, postgres
from tests.faults.nodes import Node, node, tcp
from tests.faults.players import Crowd, Listener
from tests.faults.postgres import Postgres
from tests.faults.proxy import to_unix
from tests.faults.script import Script, Step

HARBOUR = Definition(
    players.HUNT, "Harbour night", 100, 100, None, None, 0.0,
    (
        Prize("shell", "Shell", 5, 0.3, None, None),
        Prize("coin", "Coin", 100, 0.2, 50, None),
        Prize("compass", "Compass", 250, 0.2, None, 3),
        Prize("pearl", "Pearl", 10, 0.2, 1_000_000, None),
    ),
)  # fmt: skip

#: What may be more after a run than before it: pools fill, and memory is not given back.
SLACK = {"descriptors": 2 * 16 + 8, "memory": 24e6, "connections": 2 * 18}


@dataclass
class Rig:
    """A run, for the faults to work on."""

    script: Script
    folder: Path
    postgres: Postgres
    crowd: Crowd
    standby: Postgres | None = None
    nodes: list[Node] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    nursery: trio.Nursery | None = None
    began: float = 0.0
    struck: float = 0.0  #: when the first fault began
    well: float = 0.0  #: when the last fault was undone
    notes: dict[str, float] = field(default_factory=dict)  #: figures that a fault has measured
    calm: trio.Lock = field(default_factory=trio.Lock)  #: faults that come one at a time
    samples: list[dict[str, float]] = field(default_factory=list)  #: of what is used, under load
    judged_from: int = 0  #: entry of the history; what was before is not held against hunt
    known: Sequence[Reward] = ()  #: rows that were there before that

    @property
    def history(self) -> History:
        return self.crowd.history


@dataclass
class Result:
    """What came out of a run."""

    script: Script
    violations: list[Violation]
    figures: dict[str, float]
    statuses: Counter[str]
    history: History

    @property
    def failures(self) -> list[str]:
        """What was promised and not kept, in words."""
        found = [f"{each}" for each in self.violations]
        for name, most in self.script.most.items():
            if self.figures[name] > most:
                found.append(f"{name} is {self.figures[name]:.3f}, more than {most:g}")
        for name, least in self.script.least.items():
            if self.figures[name] < least:
                found.append(f"{name} is {self.figures[name]:.3f}, less than {least:g}")
        return found


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Give `folder` a small file system of its own; 0: the machine's."""
    if not megabytes:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        # Lazily: whatever still has a file open there must not keep the mount.
        subprocess.run(["umount", "-l", folder], check=True)


async def prepare(folder: Path) -> Path:
    """Make a cluster with the schema, to be copied; return where."""
    made = Postgres(folder)
    folder.mkdir(parents=True, exist_ok=True)
    await made.init()
    return folder


async def make_hunt(conninfo: str, definition: Definition) -> None:
    """Make a hunt, and open it."""
    async with open_pool(conninfo, size=1) as pool:
        hunts = Hunts(pool)
        await hunts.apply(definition, seed=b"faults-faults-faults-faults-seed", actor="rig")
        await hunts.open(definition.id)


@asynccontextmanager
async def built(
    script: Script, template: Path, *, command: tuple[str, ...] | None = None
) -> AsyncIterator[Rig]:
    """Start PostgreSQL and servers as the script says."""
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="hunt-faults-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        stack.enter_context(disk(folder / "postgres", script.disk))
        database = await stack.enter_async_context(
            postgres.running(folder / "postgres", template, script.options)
        )
        await make_hunt(database.conninfo, HARBOUR)
        second = None
        if script.standby:
            second = Postgres(folder / "standby", script.options)
            stack.push_async_callback(second.stop, signal.SIGQUIT)
            await second.follow(database, synchronous=script.standby == "sync")
        crowd = Crowd(
            History(),
            [],
            [],
            random.Random(script.seed),
            pause=script.pause,
            repeat=script.repeat,
            fickle=script.fickle,
            hasty=script.hasty,
            poison=script.poison,
        )
        rig = Rig(script, folder, database, crowd, second)
        clock = folder / "clock"
        clock.write_text("+0\n")
        for number in range(script.nodes):
            start = partial(node, processes=script.processes, command=command)
            made = await stack.enter_async_context(
                start(
                    folder / f"node-{number}",
                    to_unix(database.socket),
                    standby=None if second is None else to_unix(second.socket),
                    environ=script.environ,
                    dsn=partial(_dsn, script.dsn),
                    descriptors=script.descriptors or None,
                    wrapper=_clock(clock) if script.clock else (),
                )
            )
            rig.nodes.append(made)
            first, last = number == 0, number == script.nodes - 1
            if first or not script.apart:
                crowd.ports.append(made.port)
            if last or not script.apart:
                crowd.stream_ports.append(made.port)
        yield rig


def _dsn(parameters: Mapping[str, str], *ports: int) -> str:
    return tcp(*ports, **parameters)


def faketime() -> Path | None:
    """Return Debian's libfaketime, where it is installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def _clock(file: Path) -> tuple[str, ...]:
    """Return a command that gives what follows a wall clock of its own."""
    library = faketime()
    return (
        "env", f"LD_PRELOAD={library}", f"FAKETIME_TIMESTAMP_FILE={file}", "FAKETIME_NO_CACHE=1",
        "DONT_FAKE_MONOTONIC=1",
    )  # fmt: skip


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


def excused(attempt: Attempt) -> bool:
    """Whether a failure is what the client wanted."""
    return attempt.note == "left" or attempt.status == 422


def statuses(history: History) -> Counter[str]:
    """Return how often each thing was seen."""
    attempts = history.attempts(players.HUNT)
    return Counter(
        str(each.status) if each.status else "left" if each.note == "left" else "no answer"
        for each in attempts
    )


def figures(rig: Rig) -> dict[str, float]:
    """Return what can be said of a run in numbers."""
    attempts = rig.history.attempts(players.HUNT)
    failed = [each for each in attempts if each.verdict != "ok" and not excused(each)]
    refusals = sorted(each.answered - each.sent for each in attempts if each.status == 503)
    # The first refusals are of clicks that waited while the fault was found out.
    late = sorted(
        each.answered - each.sent
        for each in attempts
        if each.status == 503 and each.sent > rig.struck + 4.5
    )
    found_back = [until for _, until in rig.crowd.disconnections]
    recovered = max((each.answered for each in failed), default=0.0) - rig.well
    lines = 0
    for log in rig.folder.glob("node-*/node.log"):
        lines += log.read_bytes().count(b"\n")
    return {
        "clicks": len(attempts),
        "ok": sum(each.verdict == "ok" for each in attempts),
        "failed": len(failed),
        "unknown": sum(each.verdict == "unknown" and not excused(each) for each in attempts),
        "refused": len(refusals),
        "rejected": sum(each.status == 422 for each in attempts),
        "answers lost": answers_lost(attempts),
        "slowest": max((each.answered - each.sent for each in attempts), default=0.0),
        "refusal p99": _p99(refusals),
        "late refusal p99": _p99(late),
        "recovered": max(recovered, 0.0),
        "resets": sum(isinstance(each, Reset) for each in rig.history),
        "streams cut": len(rig.crowd.disconnections),
        "streams back": max([0.0, *(until - rig.well for until in found_back)]),
        "silence": rig.crowd.silence,
        "log lines": lines,
        **rig.notes,
    }


def answers_lost(attempts: Sequence[Attempt]) -> int:
    """Return how often a connection ended without the answer to a click that was recorded."""
    unanswered: set[str] = set()
    lost = 0
    for each in attempts:
        if each.status is None and not excused(each):
            unanswered.add(each.click)
        elif each.verdict == "ok" and each.click in unanswered:
            unanswered.discard(each.click)
            lost += each.duplicate
    return lost


def _p99(values: list[float]) -> float:
    return values[int(len(values) * 0.99)] if values else 0.0
