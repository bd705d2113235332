"""Two processes of hunt on one ledger, their players and listeners, in simulated time."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio
from trio.testing import MockClock

from hunt.core.events import Outcome, Settlement
from hunt.core.sse import Event, Parser
from hunt.engine import Engine
from hunt.errors import OutcomeUnknown, Refused
from hunt.lifecycle import running
from hunt.play.event_stream import EventStream
from hunt.settings import Settings
from hunt.testing.checks import Violation, bounded
from hunt.testing.history import (
    Attempt,
    Closed,
    Greeted,
    History,
    Opened,
    Received,
    Reset,
    Verdict,
)
from hunt.testing.oracle import check_history
from tests.simulation.ledger import EPOCH, HUNT, Ledger
from tests.simulation.store import POISON, FakeStore
from tests.simulation.weather import STORM, Script, Weather
from tests.support.hubs import subscription_of

SETTINGS = Settings(
    database_url="simulated", jwt_secret=(b"s" * 32,), click_rate=0.0, batch_size=4, queue_size=20,
    stream_buffer=8, heartbeat=7.0, drain_timeout=5.0,
)  # fmt: skip

#: Maximum time for a stream to catch up after the faults, in seconds.
SOON = 5.0

#: Maximum time for the recovery after the faults, in seconds: the breaker's
#: longest pause, three probes, and a client's patience.
QUIET = 25.0

#: Seconds that a client waits for an answer.
PATIENCE = 6.0


@dataclass
class Process:
    """One process; `engine` is None while it is down."""

    weather: Weather
    engine: Engine | None = None
    connections: list[trio.CancelScope] = field(default_factory=list)  #: end with it


class World:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.history = History()
        self.ledger = Ledger(trio.current_time)
        self.random = random.Random(script.seed)
        self.processes = [Process(Weather(script, number)) for number in (0, 1)]
        self.storm = True
        self._numbers = 0

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    async def keep(self, process: Process, number: int, later: trio.Nursery) -> None:
        """Run a process, and stop and start it by the script."""
        stops = process.weather.spells("stop", "drain")
        while True:
            name = f"p{number}.{self.number()}"
            store = FakeStore(self.ledger, process.weather, later, name)
            with trio.CancelScope() as scope:
                async with self._serving(process, store):
                    if not stops:
                        await trio.sleep_forever()
                    spell = stops.pop(0)
                    await trio.sleep_until(spell.at / 10)
                    if spell.kind == "stop":
                        scope.cancel()
            await trio.sleep_until(process.weather.ends(spell))

    @asynccontextmanager
    async def _serving(self, process: Process, store: FakeStore) -> AsyncIterator[None]:
        engine = Engine(SETTINGS, store)
        try:
            async with running(engine):
                process.engine = engine
                yield
        finally:
            process.engine = None
            while process.connections:  # like the sockets of a killed process
                process.connections.pop().cancel()

    def somewhere(self) -> tuple[Process, Engine] | None:
        """Choose a running process, as a load balancer does; None if there is none."""
        up = [(each, each.engine) for each in self.processes if each.engine is not None]
        return self.random.choice(up) if up else None

    # --- players that click ------------------------------------------------------

    async def play(self, player: str, *, elsewhere: bool) -> None:
        """Click, and try again until there is an outcome."""
        for _ in range(self.script.clicks):
            await trio.sleep(self.random.random() * 2 * STORM / 10 / self.script.clicks)
            click = str(uuid.UUID(int=self.random.getrandbits(128)))
            place = (POISON if self.random.random() < 0.05 else 1.0, 1.0)
            async with trio.open_nursery() as nursery:
                if self.random.random() < 0.2:  # the same click, twice at once
                    nursery.start_soon(self._try, player, click, place)
                await self._insist(player, click, place)
            if elsewhere and self.random.random() < 0.1:  # an id of another player
                await self._try("mallory", click, place)

    async def _insist(self, player: str, click: str, place: tuple[float, float]) -> None:
        for _ in range(30):
            verdict = await self._try(player, click, place)
            if verdict == "ok" or (verdict == "refused" and self.random.random() < 0.2):
                return
            await trio.sleep(0.2 + self.random.random())

    async def _try(self, player: str, click: str, place: tuple[float, float]) -> Verdict:
        sent = trio.current_time()
        answer: list[Outcome] = []
        answered = trio.Event()

        def settled(outcome: Outcome) -> None:
            assert not answer, "a click is answered once"
            answer.append(outcome)
            answered.set()

        found = self.somewhere()
        if found is None:
            return "unknown"
        try:
            hunt = found[1].play.hunt(HUNT)
            found[1].play._intake.click(hunt, player, click, place, settled, sent)
        except Refused as refusal:
            answer.append(refusal)
        else:
            with trio.move_on_after(PATIENCE):
                await answered.wait()
        outcome = answer[0] if answer else OutcomeUnknown()
        told: Verdict = "unknown" if isinstance(outcome, OutcomeUnknown) else "refused"
        attempt = Attempt(
            sent=sent, answered=trio.current_time(), hunt=HUNT, player=player, click=click,
            verdict=told, note="" if isinstance(outcome, Settlement) else str(outcome),
        )  # fmt: skip
        if isinstance(outcome, Settlement):
            row = outcome.reward
            attempt = Attempt(
                sent=sent, answered=trio.current_time(), hunt=HUNT, player=player, click=click,
                verdict="ok", seq=row.seq, prize=row.prize, points=row.points,
                duplicate=outcome.duplicate,
            )  # fmt: skip
        self.history.add(attempt)
        return attempt.verdict

    # --- players that listen -----------------------------------------------------

    async def listen(self, player: str) -> None:
        """Listen, and resume from the last event id, until cancelled."""
        listener = f"{player}#{self.number()}"
        last: str | None = None
        while True:
            found = self.somewhere()
            if found is not None:
                last = await self._connection(*found, player, listener, last)
            await trio.sleep(0.1 + self.random.random() / 2)

    async def _connection(
        self, process: Process, engine: Engine, player: str, listener: str, last: str | None
    ) -> str | None:
        connection = f"{listener}.{self.number()}"
        after = None if last is None else int(last.partition("-")[2])
        self.history.add(
            Opened(
                time=trio.current_time(), hunt=HUNT, player=player, listener=listener,
                connection=connection, epoch=None if last is None else EPOCH, after=after,
            )
        )  # fmt: skip
        parser = Parser()
        # Some clients disconnect, some stop reading for a while.
        stays = self.random.choice([1.0, 5.0, 1e9]) if self.storm else 1e9
        with trio.move_on_after(stays) as scope:
            process.connections.append(scope)
            opened = engine.play.streams.open(
                engine.catalogue.hunts[HUNT], subscription_of(player, HUNT), last
            )
            async with EventStream(opened) as stream:
                async for chunk in stream:
                    for event in parser.feed(bytes(chunk)):
                        last = self._see(connection, event, last)
                    if self.storm and self.random.random() < 0.05:
                        await trio.sleep(self.random.random() * 3)
        self.history.add(Closed(time=trio.current_time(), connection=connection))
        return last

    def _see(self, connection: str, event: Event, last: str | None) -> str | None:
        now = trio.current_time()
        data = json.loads(event.data) if event.data else {}
        if event.event == "hello":
            self.history.add(
                Greeted(
                    time=now, connection=connection, epoch=data["epoch"], seq=data["seq"],
                    resumed=data["resumed"],
                )
            )  # fmt: skip
            # A client without a reward resumes from the start of its stream.
            return last or f"{data['epoch']}-{data['seq']}"
        if event.event == "reset":
            self.history.add(Reset(time=now, connection=connection, reason=data["reason"]))
            return None
        if event.event == "reward":
            assert event.id is not None
            epoch, _, seq = event.id.partition("-")
            self.history.add(
                Received(
                    time=now, connection=connection, epoch=epoch, seq=int(seq), click=data["id"],
                    prize=data["prize"], points=data["points"],
                )
            )  # fmt: skip
            return event.id
        return last

    # --- the whole run -----------------------------------------------------------

    async def run(self) -> list[Violation]:
        """Play the script, wait until it is quiet, and check."""
        players = [f"player{number}" for number in range(self.script.players)]
        async with trio.open_nursery() as later, trio.open_nursery() as nursery:
            for number, process in enumerate(self.processes):
                nursery.start_soon(self.keep, process, number, later)
            for player in [*players, "player"]:  # the beginning of all other names
                nursery.start_soon(self.listen, player)
            async with trio.open_nursery() as playing:
                for player in players:
                    playing.start_soon(self._play, player)
                await trio.sleep_until(STORM / 10)
                self.storm = False
            await trio.sleep(SOON)
            with trio.move_on_after(QUIET):
                while self._left():
                    await trio.sleep(1)
            left = self._left()
            nursery.cancel_scope.cancel()
        return check_history(self.history, self.ledger.books(), well=STORM / 10, within=SOON) + left

    async def _play(self, player: str) -> None:
        await self.play(player, elsewhere=True)

    def _left(self) -> list[Violation]:
        """Check that no resource is left in use, and that every process has recovered."""
        found = []
        for number, process in enumerate(self.processes):
            engine = process.engine
            if engine is None:
                found.append(Violation("bounded", f"process {number} has not come back"))
                continue
            after = {
                "clicks that wait": engine.commits.lanes.queued(),
                "breaker not closed": engine.commits.breaker.state != "closed",
                "early rewards": sum(len(p.early) for p in engine.streams.tail._positions.values()),
            }
            found += bounded(dict.fromkeys(after, 0.0), after, {})
        streams = sum(
            e.engine.streams.hub.counts().get("sse", 0) for e in self.processes if e.engine
        )
        if streams != self.script.players + 1:
            found.append(Violation("bounded", f"{streams} streams are open"))
        return found


class StandStill(trio.abc.Instrument):
    """Ends a run whose clock stops because a task never waits."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self._time = 0.0
        self._steps = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        now = trio.current_time()
        self._steps = self._steps + 1 if now == self._time else 0
        self._time = now
        if self._steps > 10_000:
            self.scope.cancel()


def simulate(script: Script, *, seen: list[bytes] | None = None) -> list[Violation]:
    """Return the violations of a run, always the same for the same script.

    Args:
        script: What happens.
        seen: Gets the history of the run.
    """
    # The script also determines the jitter, and the order in which Trio runs its tasks.
    random.seed(script.seed)
    trio._core._run._r.seed(script.seed)

    async def main() -> list[Violation]:
        world, watch = World(script), StandStill()
        trio.lowlevel.add_instrument(watch)
        with watch.scope:
            violations = await world.run()
        if watch.scope.cancelled_caught:
            violations = [Violation("bounded", "something waits for nothing, again and again")]
        if seen is not None:
            seen.append(world.history.encode())
        return violations

    return trio.run(main, clock=MockClock(autojump_threshold=0))
