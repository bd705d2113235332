"""Every object is made and every task is started here.

Read downwards `open_engine` is the start, upwards the stop.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

import structlog
import trio

from hunt.bus import postgres as bus
from hunt.core.breaker import Breaker, State
from hunt.core.events import Click, Notice, Outcome, Settlement
from hunt.core.hunts import Hunt
from hunt.core.leaderboard import LeaderboardEntry
from hunt.core.log_limiter import LogLimiter
from hunt.core.proxies import Proxies
from hunt.core.readiness import NodeState, WorkerState
from hunt.errors import (
    CircuitOpen,
    HuntFailed,
    LogWentBack,
    SettingsError,
    StoreError,
    StoreUnavailable,
)
from hunt.metrics import gauges
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.families import Family
from hunt.metrics.registry import Metrics
from hunt.metrics.sample_buffer import SampleBuffer
from hunt.metrics.sampler import Sampler
from hunt.metrics.stall_detector import StallDetector
from hunt.service.access import AccessLog
from hunt.service.audit_queue import AuditQueue
from hunt.service.catalogue import Catalogue
from hunt.service.ending import Ending
from hunt.service.eviction import evict
from hunt.service.guard import Guard
from hunt.service.hub import Hub
from hunt.service.intake import Intake
from hunt.service.keyring import open_tokens
from hunt.service.lane import Waiting
from hunt.service.lanes import Lanes
from hunt.service.leaderboard import Leaderboard
from hunt.service.limits import Limits
from hunt.service.prober import BreakerProber
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail
from hunt.service.version_cache import VersionCache
from hunt.settings import Settings
from hunt.store.audit import Entry
from hunt.store.store import Store, open_store

#: Of this release; asking takes milliseconds.
VERSION = version("hunt-server")

#: Spreads retries; nothing secret depends on it.
jitter = random.random

#: Seconds that a commit may take before its outcome counts as unknown.  Long
#: against `breaker_slow`, short against a player's patience.
COMMIT_DEADLINE = 2.0

#: Resumes that read the table at once; the others wait their turn, and the pool
#: keeps connections for commits.
REPLAYS = 4

#: Seconds to wait for the database at the start.
START_PATIENCE = 30.0

log = structlog.get_logger("hunt")


class Engine:
    """One process's hunts, and everything that serves them."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.secrets = settings.jwt_secret  #: the first signs
        self.tokens = open_tokens(settings, clock=time.time)
        #: Looks at all hunts that failed, streams that could not be resumed.
        self.faults = Counter(hunts=0, resume=0)
        self.catalogue = Catalogue(
            store.hunts.read, found=self._found, gone=self._gone, faults=self.faults
        )
        self.hunts = self.catalogue.hunts  #: every hunt, by id, kept current
        self.version_cache = VersionCache(store.hunts.versions)
        self.ending = Ending(
            hunts=self.hunts.values,
            now=self.catalogue.now,
            end_due=store.hunts.end_due,
            ended=self.catalogue.look,
            jitter=jitter,
        )
        self.listener_faults = Counter(lost=0, odd=0)  #: as of `hunt.bus.postgres.run`
        self.draining = False
        self.drained = trio.Event()
        self.log = store.log
        self.audit_queue = AuditQueue(self._record, jitter=jitter)
        self.leaderboard = Leaderboard(self._add_up, self._leaders)
        self.metrics = Metrics(version=VERSION)
        self.access = AccessLog(settings)
        self.sign_ins = LogLimiter(trio.current_time)  #: of operators, refused
        self.meter = EventLoopMeter(time.perf_counter)
        self.stalls = StallDetector(time.perf_counter)
        self.breaker = Breaker(
            trio.current_time,
            slow=settings.breaker_slow,
            batches=settings.breaker_batches,
            jitter=jitter,
        )
        self.prober = BreakerProber(self.breaker, self._probe, changed=self._breaker_changed)
        self.limits = Limits(settings, clock=trio.current_time, refused=self.metrics.limited)
        self.proxies = Proxies(settings.trusted_proxies)
        #: Called now and then; each drops what was not used for a while.
        self.turns: list[Callable[[], None]] = [
            self.limits.rotate,
            self.proxies.peers.rotate,
            self.proxies.sources.rotate,
            self.tokens.known.rotate,
        ]
        self.hub = Hub(
            epoch=self.epoch,
            per_player=settings.max_streams_per_player,
            jitter=jitter,
            clock=time.time,
            valid=self.tokens.hold,
            slow=self.metrics.cut_off,
        )
        self.tokens.removed = self.hub.expiry.keys_removed
        self.tail = Tail(
            read=self.log.read,
            last=self.log.last,
            publish=self.hub.publish,
            wanted=self.hub.wanted,
            went_back=self._log_went_back,
            jitter=jitter,
        )
        store.on_recovery(self.prober.probe_soon)
        self.quarantine = Quarantine(trio.current_time, jitter=jitter)
        self.guard = Guard(
            self._append,
            self.log.reject,
            self.breaker,
            self.quarantine,
            jitter=jitter,
            known=self.tail.known,
            breaker_moved=self.prober.observe,
        )
        self.lanes = Lanes(
            self.commit,
            batch_size=settings.batch_size,
            batch_interval=settings.batch_interval,
            queue_size=settings.queue_size,
            queue_age=settings.queue_age,
            jitter=jitter,
            settled=self.settled,
        )
        self.intake = Intake(
            hunts=self.hunts.get,
            lanes=self.lanes,
            breaker=self.breaker,
            limiter=self.limits.clicks,
            pause=self.quarantine.pause,
            jitter=jitter,
        )
        self.replays = trio.Semaphore(REPLAYS)  #: resumes that read the table at once
        #: Called when a drain begins to refuse clicks: clients are better off elsewhere.
        self.leave: Callable[[], None] = lambda: None
        self.told_to_drain = trio.Event()  #: an operator wants this process to end
        self.own_socket: str | None = None  #: ``unix:/path``, where its siblings ask it
        self.siblings: Callable[[], list[Path]] = list  #: sockets of this server's other processes
        #: Returns the readiness of the node; without a prober, of this process.
        self.node: Callable[[], NodeState] = self._alone
        #: Returns the metrics of the node; None where there is no prober.
        self.total: Callable[[], Awaitable[list[Family]]] | None = None
        self._readiness_moved = trio.Event()  # replaced each time
        sampler = Sampler(
            process=os.getpid(),
            clock=trio.current_time,
            wall=lambda: self.now().timestamp(),
            metrics=self.metrics,
            breaker=self.breaker,
            hub=self.hub,
            lanes=self.lanes,
            meter=self.meter,
            pool=store.states,
            answered=lambda: self.catalogue.answered_at,
            draining=lambda: self.draining,
        )
        self.samples = SampleBuffer(sampler.take, name=secrets.token_hex(4))
        gauges.watch(
            self.metrics,
            breaker=self.breaker,
            guard=self.guard,
            hub=self.hub,
            lanes=self.lanes,
            meter=self.meter,
            quarantine=self.quarantine,
            prober=self.prober,
            tail=self.tail,
        )
        self.metrics.watch(
            "hunt_tasks",
            "Trio tasks.",
            lambda: trio.lowlevel.current_statistics().tasks_living,
            rule="sum",
        )
        self.metrics.watch_labelled(
            "hunt_pool_connections", "To the database.", "state", store.states, rule="sum"
        )
        self.metrics.faults.watch("pool", store.faults)
        self.metrics.faults.watch("listener", self.listener_faults)
        self.metrics.faults.watch("engine", self.faults)
        self.metrics.faults.watch("ending", self.ending.faults)
        self.metrics.faults.watch("leaderboard", self.leaderboard.faults)
        self.metrics.faults.watch("audit", self.audit_queue.faults)
        self.metrics.faults.watch("loop", self.stalls.faults)

    async def _probe(self) -> float:
        """Try the hunt of the last commit, or another one while it fails by itself."""
        failing = self.quarantine.hunts
        hunt = self.guard.last
        if hunt in failing:
            others = (each.id for each in self.hunts.values() if each.state == "open")
            hunt = next((each for each in others if each not in failing), None)
        try:
            return await self.log.probe(hunt)
        except HuntFailed:
            if hunt is not None:
                self.quarantine.failed(hunt)
            raise

    def _breaker_changed(self, state: State) -> None:
        self.metrics.breaker_changed(state)
        self._move_readiness()
        log.warning("the breaker has moved", state=state, reason=self.breaker.reason)
        if state == "open":
            self.lanes.fail_waiting(
                CircuitOpen(retry_after=self.breaker.retry_after() + 0.5 + jitter())
            )

    @staticmethod
    def now() -> datetime:
        """Return the wall clock's time, in UTC."""
        return datetime.now(UTC)

    def epoch(self, hunt: str) -> str:
        """Return the epoch of a hunt's log; a new one makes old event ids unknown."""
        return self.hunts[hunt].epoch

    def ready(self) -> tuple[bool, list[str]]:
        """Return whether this process can take clicks, and if not, why."""
        reasons = []
        if self.draining:
            reasons.append("draining")
        if self.tokens.waiting:
            reasons.append("the keys of tokens are not known yet")
        if self.breaker.state != "closed":
            reasons.append(f"the breaker is {self.breaker.state}: {self.breaker.reason}")
        if self.tail.is_deaf():
            reasons.append(f"no answer from the database for {self.tail.silence():.0f} s")
        return not reasons, reasons

    def _alone(self) -> NodeState:
        ready, reasons = self.ready()
        worker = WorkerState(process=os.getpid(), able=ready, reasons=reasons)
        return NodeState(ready=ready, reasons=reasons, workers=[worker])

    def _move_readiness(self) -> None:
        moved, self._readiness_moved = self._readiness_moved, trio.Event()
        moved.set()

    async def wait_readiness_moved(self) -> None:
        """Return when `ready` may have changed its mind because of the breaker or a drain."""
        await self._readiness_moved.wait()

    async def commit(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        """Make a batch durable, and then tell the tail; never the other way round."""
        started = trio.current_time()
        outcomes = await self.guard.commit(hunt, clicks, sent)
        self.metrics.committed(rows=len(clicks), seconds=trio.current_time() - started)
        fresh = [
            each.reward for each in outcomes if isinstance(each, Settlement) and not each.duplicate
        ]
        if fresh:
            # After a retry, rows of an attempt that had no answer stand among newer ones.
            fresh.sort(key=attrgetter("seq"))
            self.tail.committed(hunt, fresh)
        return outcomes

    def settled(self, hunt: str, batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
        """Count what became of clicks that were in a lane."""
        now = trio.current_time()
        self.metrics.settled(hunt, outcomes, [now - each.since for each in batch])

    async def _record(self, entry: Entry) -> None:
        await self.store.audit.record(entry)

    async def _add_up(self, hunt: str) -> tuple[int, int]:
        return await self.store.standings.add_up(hunt)

    async def _leaders(self, hunt: str, limit: int) -> list[LeaderboardEntry]:
        return await self.store.standings.leaders(hunt, limit)

    async def _append(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        """Commit a batch to the log that this process follows, and to no older state of it."""
        known, found = self.tail.known(hunt), self.hunts.get(hunt)
        try:
            return await self.log.append(hunt, clicks, sent, deadline=COMMIT_DEADLINE, known=known)
        except LogWentBack:
            await self._begin_epoch(hunt, known, found)
            raise

    async def _log_went_back(self, hunt: str, known: int) -> None:
        await self._begin_epoch(hunt, known, self.hunts.get(hunt))

    async def _begin_epoch(self, hunt: str, known: int, found: Hunt | None) -> None:
        """Begin a new epoch where the database was restored without one.

        Until the hunts have been read again, commits of this process are refused.

        Args:
            hunt: The id of the hunt.
            known: A seq that was committed once.
            found: The hunt as it was known when `known` was; None: it was deleted.
        """
        if found is None:
            return
        try:
            if await self.store.hunts.begin_epoch(hunt, found.epoch, known):
                log.error("log went back, epoch begun", hunt=hunt, known=known)
        except StoreError as exc:
            log.warning("epoch not begun", hunt=hunt, error=str(exc))
        self.catalogue.look()

    def _found(self, hunt: Hunt, known: Hunt | None) -> None:
        """Follow what was read of a hunt."""
        self.tail.start_at(hunt.id, hunt.last_seq)
        if hunt.has_ended:
            # Its last rewards first: no commit follows the record of the end.
            if self.tail.position(hunt.id) >= hunt.last_seq:
                self.hub.end(hunt.id)
        elif known is not None and known.epoch != hunt.epoch:
            # The log was restored from a backup: what was followed is gone.
            self.tail.begin_again(hunt.id, hunt.last_seq)
            self.hub.end(hunt.id, "drain")

    def _gone(self, hunt: Hunt) -> None:
        """End the streams of a hunt that was deleted."""
        self.hub.end(hunt.id)

    def notice(self, notice: Notice) -> None:
        """Take what the bus says of a commit, made by any process."""
        if notice.rewards:
            settled = datetime.fromisoformat(notice.rewards[0].at)
            self.metrics.bus_lag(max((self.now() - settled).total_seconds(), 0.0))
        self.tail.notice(notice)

    def listening(self) -> None:
        """Look at everything once: what was notified before is lost."""
        self.tail.resync()
        self.catalogue.look()

    async def drain(self) -> None:
        """Take no more clicks, end the streams, and commit what waits.

        Readiness is false from the first moment, and for `drain_delay` seconds
        clicks are still taken, so that a load balancer can notice.  Returns
        within `drain_delay` + `drain_timeout` seconds; a second call waits for
        the first.
        """
        if self.draining:
            await self.drained.wait()
            return
        self.draining = True
        self._move_readiness()
        log.info("draining")
        await trio.sleep(self.settings.drain_delay)
        self.leave()
        with trio.move_on_after(self.settings.drain_timeout) as scope:
            await self.hub.close()
            await self.lanes.drain()
        if scope.cancelled_caught:
            log.error("clicks were still waiting when the time to drain was up")
        self.samples.end()
        self.drained.set()
        log.info("drained")


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[Engine]:
    """Serve hunts for as long as the scope is open.

    Raises:
        SettingsError: The database is not fit, or there is no secret.
        StoreUnavailable: No database within `START_PATIENCE` seconds.
    """
    if settings.database_url is None:
        raise SettingsError("HUNT_DATABASE_URL is not set: the engine needs a database")
    if not settings.jwt_secret:
        raise SettingsError(
            "HUNT_JWT_SECRET is not set: give one or more secrets of at least 32 bytes"
        )
    async with (
        open_store(
            settings.database_url, listen=settings.listen_dsn, size=settings.pool_size
        ) as store,
        running(Engine(settings, store)) as engine,
    ):
        yield engine


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[Engine]:
    """Run an engine for as long as the scope is open; at its end, drain it.

    A task that dies takes the scope, and so the process, down with it.

    Raises:
        SettingsError: The store is not fit.
        StoreUnavailable: It did not answer within `START_PATIENCE` seconds.
    """
    trio.lowlevel.add_instrument(engine.meter)
    try:
        with trio.move_on_after(START_PATIENCE) as patience:
            await engine.store.wait_fit()
            await engine.catalogue.wait_read()
        if patience.cancelled_caught:
            raise StoreUnavailable(
                f"no database within {START_PATIENCE:.0f} s: check HUNT_DATABASE_URL"
            )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.stalls.run)
            nursery.start_soon(evict, engine.turns)
            nursery.start_soon(engine.samples.run)
            nursery.start_soon(engine.catalogue.run)
            nursery.start_soon(engine.ending.run)
            await nursery.start(engine.tail.run)
            nursery.start_soon(engine.hub.run)
            nursery.start_soon(engine.audit_queue.run)
            await nursery.start(engine.leaderboard.run)
            await nursery.start(engine.lanes.run)
            nursery.start_soon(engine.prober.run)
            nursery.start_soon(
                partial(
                    bus.run,
                    engine.store.listening,
                    own=engine.store.name,
                    notice=engine.notice,
                    hunt_changed=engine.catalogue.look,
                    connected=engine.listening,
                    jitter=jitter,
                    faults=engine.listener_faults,
                )
            )
            yield engine
            await engine.drain()
            nursery.cancel_scope.cancel()
    finally:
        trio.lowlevel.remove_instrument(engine.meter)
