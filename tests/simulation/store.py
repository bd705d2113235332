"""A store for an engine, with the behaviour of PostgreSQL and the faults of a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import trio

from hunt.core.bans import Ban
from hunt.core.events import Click, Outcome, Reward
from hunt.core.hunts import Hunt, Version
from hunt.core.key_ring import KeyRing
from hunt.core.leaderboard import LeaderboardEntry
from hunt.core.schedule import Due, ScheduleEntry
from hunt.core.webhooks import Lease, WebhookState
from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    HuntFailed,
    StoreConflict,
    StoreLost,
    StoreReadOnly,
    StoreTimeout,
    StoreUnavailable,
)
from hunt.store.audit import Entry
from hunt.store.names import PlayerName
from tests.simulation.ledger import HUNT, Ledger
from tests.simulation.weather import Kind, Weather

#: Seconds of a call without a fault: less than the breaker's limit of slow commits.
QUICK = 0.005

#: Position of clicks that the store rejects.
POISON = 99.0

CALLS: tuple[Kind, ...] = (
    "slow", "lost before", "lost after", "late", "frozen", "unavailable", "read-only",
    "conflict", "statement",
)  # fmt: skip


class NoBans:
    """As `hunt.store.bans.Bans`, without a ban."""

    async def read(self) -> list[Ban]:
        await trio.lowlevel.checkpoint()
        return []


class NoSchedule:
    """As `hunt.store.schedule.Schedule`, without an entry."""

    async def due(self) -> list[Due]:
        await trio.lowlevel.checkpoint()
        return []

    async def perform(self, hunt: str) -> ScheduleEntry | None:
        raise NotImplementedError("there are no entries")


class NoNames:
    """As `hunt.store.names.StoredNames`, without a name."""

    async def find(self, player: str) -> PlayerName | None:
        await trio.lowlevel.checkpoint()
        return None


class NoChallenges:
    """As `hunt.store.challenges.UsedChallenges`, which the settings do not use."""

    async def use(self, challenge: str, *, until: int) -> bool:
        raise NotImplementedError


class NoProofs:
    """As `hunt.store.proofs.Proofs`, of hunts without a chain."""

    async def publish(self) -> None:
        await trio.lowlevel.checkpoint()


class FakeStore:
    """As `hunt.store.store.Store`.

    Args:
        ledger: Shared by all processes.
        weather: The faults of this process.
        later: Nursery of commits whose caller has given up.
        name: Name of the process.
    """

    def __init__(self, ledger: Ledger, weather: Weather, later: trio.Nursery, name: str) -> None:
        self.name = name
        self.ledger = ledger
        self.weather = weather
        self.log = FakeLog(self, later)
        self.hunts = self.leaderboard = self.audit = self
        self.webhook_leases = self.log_events = self.change_events = self.campaign_standings = self
        self.retention = self.reward_states = self
        self.bans = NoBans()
        self.schedule = NoSchedule()
        self.used_challenges = NoChallenges()
        self.names = NoNames()
        self.proofs = NoProofs()
        self.ring = KeyRing(())
        self._later = later
        self.faults: Counter[str] = Counter()

    def states(self) -> dict[str, int]:
        return {}

    def on_recovery(self, recovered: Callable[[], None]) -> None:
        self.recovered = recovered

    async def wait_fit(self) -> None:
        await trio.lowlevel.checkpoint()

    async def read(self) -> dict[str, Hunt | None]:
        await self.call(QUICK)
        return {HUNT: self.ledger.hunt()}

    async def claim(self) -> tuple[list[Lease], list[WebhookState]]:
        await trio.lowlevel.checkpoint()
        return [], []

    async def apply(self) -> tuple[int, int]:
        await trio.lowlevel.checkpoint()
        return 0, 0

    async def page(self, *args: object, **options: object) -> None:
        raise NotImplementedError("there are no webhooks")

    async def versions(self, hunt: str) -> list[Version]:
        return []

    async def begin_epoch(self, hunt: str, epoch: str, known: int) -> bool:
        raise NotImplementedError("logs of the simulation never go back")

    async def add_up(self, hunt: str) -> tuple[int, int]:
        raise StoreUnavailable("there are no leaderboards")

    async def leaders(self, hunt: str, limit: int) -> list[LeaderboardEntry]:
        return []

    async def record(self, entry: Entry) -> None:
        await self.call(QUICK)

    async def end_due(self, hunt: str) -> bool:
        return False

    async def call(self, seconds: float) -> None:
        """Wait for the present duration of a call; raise the error of a fault in force."""
        kind = self.weather.now(trio.current_time(), *CALLS)
        await trio.sleep(self.seconds(seconds, slow=kind == "slow"))
        if kind == "unavailable":
            raise StoreUnavailable("not there")
        if kind in {"lost before", "lost after", "late"}:
            raise StoreLost("gone")
        if kind == "hunt fails":
            raise HuntFailed("corrupt")
        if kind == "frozen":
            await trio.sleep(2)
            raise StoreTimeout("no answer")

    def seconds(self, seconds: float, *, slow: bool) -> float:
        spread = self.weather.random.random()
        return 0.05 + 2.5 * spread * spread if slow else seconds * (0.5 + spread)

    @asynccontextmanager
    async def listening(
        self, channels: Sequence[str]
    ) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        await trio.sleep(QUICK)
        if self.weather.now(trio.current_time(), "deaf", "unavailable"):
            raise StoreUnavailable("not there")
        send, receive = trio.open_memory_channel[str](float("inf"))
        hear = partial(self._hear, send)
        self.ledger.listeners.append(hear)
        try:
            yield _Received(receive, self.weather)
        finally:
            self.ledger.listeners.remove(hear)

    def _hear(self, send: trio.MemorySendChannel[str], payload: str) -> None:
        kind = self.weather.now(
            trio.current_time(), "notices lost", "notices late", "notices twice"
        )
        if kind == "notices lost":
            return

        async def deliver(seconds: float) -> None:
            await trio.sleep(seconds)
            send.send_nowait(payload)

        longest = 1.0 if kind == "notices late" else QUICK
        for _ in range(2 if kind == "notices twice" else 1):
            self._later.start_soon(deliver, longest * self.weather.random.random())


class _Received:
    """Notices, until the connection breaks."""

    def __init__(self, receive: trio.MemoryReceiveChannel[str], weather: Weather) -> None:
        self._receive = receive
        self._weather = weather

    def __aiter__(self) -> _Received:
        return self

    async def __anext__(self) -> tuple[str, str]:
        now = trio.current_time()
        spells = [each for each in self._weather.spells("deaf") if self._weather.ends(each) > now]
        breaks = max(spells[0].at / 10, now) if spells else float("inf")
        with trio.move_on_at(breaks):
            return "hunt_log", await self._receive.receive()
        raise StoreLost("gone")


class FakeLog:
    """As `hunt.store.log.Log`."""

    def __init__(self, store: FakeStore, later: trio.Nursery) -> None:
        self._store = store
        self._later = later

    def _commit(self, hunt: str, clicks: Sequence[Click]) -> list[Outcome]:
        if any(click.x == POISON for click in clicks):
            raise BatchRejected("a bad row")
        return self._store.ledger.commit(hunt, clicks, self._store.name)

    async def append(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None] = lambda: None,
        *,
        deadline: float = 2.0,
        known: int = 0,
    ) -> list[Outcome]:
        await trio.lowlevel.checkpoint_if_cancelled()
        sent()
        kind = self._store.weather.now(trio.current_time(), *CALLS)
        # As on a real connection, the rest is shielded from cancellation, and bounded.
        with trio.CancelScope(shield=True):
            return await self._append(kind, hunt, clicks, deadline)

    async def _append(
        self, kind: Kind | None, hunt: str, clicks: Sequence[Click], deadline: float
    ) -> list[Outcome]:
        store = self._store
        before = store.seconds(QUICK, slow=kind == "slow")
        after = store.seconds(QUICK / 2, slow=False)
        if kind in {"late", "frozen"} or before > deadline:
            await trio.sleep(deadline)
            if kind != "frozen":
                self._later.start_soon(self._zombie, hunt, clicks)
            raise StoreTimeout("no answer")
        await trio.sleep(before)
        self._refuse(kind)
        outcomes = self._commit(hunt, clicks)
        await trio.sleep(after)
        if kind == "lost after":
            raise StoreLost("gone")
        return outcomes

    def _refuse(self, kind: Kind | None) -> None:
        errors = {
            "lost before": StoreLost,
            "unavailable": StoreUnavailable,
            "read-only": StoreReadOnly,
            "conflict": StoreConflict,
            "statement": BatchTimeout,
            "hunt fails": HuntFailed,
        }
        if kind in errors:
            raise errors[kind](str(kind))

    async def _zombie(self, hunt: str, clicks: Sequence[Click]) -> None:
        """Commit, although the caller has given up."""
        await trio.sleep(3 * self._store.weather.random.random())
        with suppress(BatchRejected):
            self._commit(hunt, clicks)

    async def reject(self, hunt: str, click: Click, reason: str) -> None:
        await self._store.call(QUICK)
        self._store.ledger.rejected.append(click.id)

    async def read(self, hunt: str, after: int, upto: int, *, limit: int = 3) -> list[Reward]:
        await self._store.call(QUICK)
        return self._store.ledger.read(after, upto, limit)

    async def history(self, hunt: str, player: str, after: int, limit: int) -> list[Reward]:
        await self._store.call(QUICK)
        return self._store.ledger.history(player, after, limit)

    async def last(self) -> dict[str, int]:
        await self._store.call(QUICK)
        return {HUNT: len(self._store.ledger.rows)}

    async def probe(self, hunt: str | None) -> float:
        kind = self._store.weather.now(trio.current_time(), *CALLS)
        seconds = self._store.seconds(QUICK, slow=kind == "slow")
        await trio.sleep(seconds)
        self._refuse(kind)
        if kind in {"late", "frozen"}:
            await trio.sleep(1.0)
            raise StoreTimeout("no answer")
        return seconds
