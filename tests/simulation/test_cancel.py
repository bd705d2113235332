"""Cancellation of an engine at each of its steps."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import trio
from psycopg.conninfo import make_conninfo
from trio.testing import MockClock

from hunt.core.definition import Definition
from hunt.core.events import Outcome, Settlement
from hunt.engine import Engine
from hunt.errors import OutcomeUnknown, Refused
from hunt.lifecycle import open_engine, running
from hunt.play.event_stream import EventStream
from hunt.play.greeting import REPLAYS
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.simulation.ledger import DEFINITION, HUNT, Ledger
from tests.simulation.store import FakeStore
from tests.simulation.weather import Script, Spell, Weather
from tests.simulation.wires import Wires
from tests.simulation.world import SETTINGS
from tests.support.hubs import subscription_of

CLICKS = 20

#: Commits are lost after they were made, and gaps have to be read.
TROUBLE = (Spell("lost after", 0, 50, 0, 3), Spell("notices lost", 0, 50, 0, 1))


class At(trio.abc.Instrument):
    """Cancels a scope at the n-th step of any task."""

    def __init__(self, step: int) -> None:
        self.scope = trio.CancelScope()
        self.left = step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


class Answers(dict[str, Outcome]):
    """The outcome of each click; a second outcome is an error."""

    def to(self, click: str) -> Callable[[Outcome], None]:
        def settled(outcome: Outcome) -> None:
            assert click not in self
            self[click] = outcome

        return settled


async def use(engine: Engine, taken: set[str], answers: Answers, wires: Wires) -> None:
    """Click, listen, and resume; return once all clicks are answered."""

    async def listen(resume: str | None) -> None:
        opened = engine.play.streams.open(
            engine.catalogue.hunts[HUNT], subscription_of("ada", HUNT), resume
        )
        async with EventStream(opened) as stream:
            async for _ in stream:
                pass

    async with trio.open_nursery() as nursery:
        wired = trio.Event()

        async def connect() -> None:
            await wires.use(engine)
            wired.set()

        nursery.start_soon(connect)
        nursery.start_soon(listen, None)
        nursery.start_soon(listen, f"{engine.catalogue.hunts[HUNT].epoch}-0")
        for number in range(CLICKS):
            click = str(uuid.uuid4())
            taken.add(click)
            try:
                hunt, now = engine.play.hunt(HUNT), trio.current_time()
                engine.play._intake.click(hunt, "ada", click, (1.0, 1.0), answers.to(click), now)
            except Refused as refusal:
                answers[click] = refusal
            await trio.sleep(0.001 * (number % 5))
        while len(answers) < CLICKS:
            await trio.sleep(0.01)
        await wired.wait()
        nursery.cancel_scope.cancel()


async def cancelled_at(
    step: int, opened: Callable[[], AbstractAsyncContextManager[Engine]]
) -> tuple[bool, Engine | None, set[str], Answers, Wires]:
    """Run an engine until its n-th step; return whether it reached that step, and its outcomes."""
    at, taken, answers, wires = At(step), set[str](), Answers(), Wires()
    engine = None
    trio.lowlevel.add_instrument(at)
    try:
        with at.scope:
            async with opened() as engine:
                await use(engine, taken, answers, wires)
    finally:
        trio.lowlevel.remove_instrument(at)
    return at.left <= 0, engine, taken, answers, wires


def check(
    engine: Engine, taken: set[str], answers: Answers, wires: Wires, rows: dict[str, int]
) -> None:
    """Check that each accepted click got its true outcome, and that no task is left."""
    wires.check(rows)
    assert set(answers) == taken, "a click without an outcome"
    for click, outcome in answers.items():
        if isinstance(outcome, Settlement):
            assert rows[click] == outcome.reward.seq
        elif not isinstance(outcome, OutcomeUnknown):
            assert click not in rows, f"{outcome} was said of a click that was recorded"
    assert not any(engine.streams.hub.counts().values())
    assert not any(engine.streams.hub._players.get(HUNT, {}).values())
    assert engine.commits.lanes.queued() == 0
    assert not engine.commits.lanes._lanes
    assert engine.play.streams.greeter.replays.value == REPLAYS


async def simulated(step: int) -> bool:
    ledger = Ledger(trio.current_time)
    async with trio.open_nursery() as later:
        store = FakeStore(ledger, Weather(Script(3, TROUBLE), 0), later, "p")
        came, engine, taken, answers, wires = await cancelled_at(
            step,
            lambda: running(Engine(SETTINGS, store)),  # type: ignore[arg-type]
        )
    if engine is not None:
        check(engine, taken, answers, wires, {row.id: row.seq for row in ledger.rows})
    assert not ledger.listeners
    return came


def test_cancelled_at_any_step_an_engine_leaves_nothing_behind() -> None:
    step, came = 1, True
    while came:
        random.seed(1)
        trio._core._run._r.seed(1)
        came = trio.run(simulated, step, clock=MockClock(autojump_threshold=0))
        step += 1
    assert step > 80


async def test_cancelled_at_any_step_no_connection_and_no_lock_is_left(database: str) -> None:
    definition: Definition = replace(DEFINITION, prizes=())
    async with open_pool(database, size=1) as pool:
        await Hunts(pool).apply(definition, seed=os.urandom(32), actor="test")
        await Hunts(pool).open(HUNT)
    watcher = await Connection.connect(database, autocommit=True)
    settings = replace(
        SETTINGS, database_url=make_conninfo(database, application_name="cancelled"), pool_size=2
    )

    @asynccontextmanager
    async def opened() -> AsyncIterator[Engine]:
        async with open_engine(settings) as engine:
            yield engine

    async def count(query: str) -> int:
        row = await (await watcher.execute(query.encode())).fetchone()
        assert row is not None
        return int(row[0])

    try:
        async with open_pool(database, size=1) as pool:
            step, came = 5, True
            while came:
                came, engine, taken, answers, wires = await cancelled_at(step, opened)
                with trio.fail_after(10):
                    while await count(
                        "select count(*) from pg_stat_activity where application_name = 'cancelled'"
                    ):
                        await trio.lowlevel.checkpoint()
                # The row of the hunt can be locked, so no session holds it.
                log = Log(pool)
                rows = {row.id: row.seq for row in await log.history(HUNT, "ada", 0, 1000)}
                if engine is not None:
                    check(engine, taken, answers, wires, rows)
                await watcher.execute(b"select from hunts for update nowait")
                step += 7
            assert step > 100
    finally:
        watcher.close_now()
