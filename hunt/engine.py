"""All services of one process: made in `Engine`, started and stopped by `hunt.lifecycle`."""

from __future__ import annotations

import random
import time
from collections import Counter
from importlib.metadata import version

import trio

from hunt.bus.link import Link
from hunt.core.bans import BanList
from hunt.core.breaker import Breaker
from hunt.core.key_ring import KeyRing
from hunt.core.live import Told
from hunt.core.proxies import Proxies
from hunt.deliveries import make_webhooks
from hunt.host import Host
from hunt.metrics.event_loop import EventLoopMeter
from hunt.metrics.faults import Faults
from hunt.metrics.recorder import Recorder
from hunt.metrics.sources import Sources
from hunt.metrics.telemetry import Telemetry
from hunt.operations import make_operations
from hunt.play.assembly import assemble
from hunt.play.claims import Claims
from hunt.play.names import Names
from hunt.play.page_files import PageFiles
from hunt.service.bans import Bans
from hunt.service.catalogue import Catalogue
from hunt.service.challenges import make_challenges
from hunt.service.commits import Commits
from hunt.service.drawing import Drawing
from hunt.service.ending import Ending
from hunt.service.epochs import Epochs
from hunt.service.heads import Heads
from hunt.service.intake import Intake
from hunt.service.jwks import KeyRequests
from hunt.service.keyring import open_tokens
from hunt.service.leaderboard import Leaderboard
from hunt.service.leaders import Leaders
from hunt.service.limits import Limits
from hunt.service.log_news import LogNews
from hunt.service.readiness import Readiness
from hunt.service.retention import Retention
from hunt.service.schedule import Scheduler
from hunt.service.tracing import ClickTracing, Tracer
from hunt.service.version_cache import VersionCache
from hunt.settings import Settings
from hunt.store.store import Store
from hunt.streaming import make_bus, make_streams

#: The release of hunt; reading it takes milliseconds.
VERSION = version("hunt-server")

#: Spreads retries; no secret depends on it.
jitter = random.random


class Engine:
    """All services of one process, in bundles by their users.

    Args:
        settings: The settings of the server.
        store: The open store.
        host: The worker process and the other workers, as the engine uses them.
        tracer: Exports spans; None: there are none.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        host: Host | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        host = host or Host()
        recorder = Recorder()
        self.catalogue = Catalogue(store.hunts.read)
        self.key_requests = KeyRequests()
        self.names = Names(store.names, settings.name_words)
        self.tokens = open_tokens(
            settings, clock=time.time, unknown=self.key_requests.add, named=self.names.note
        )
        self.bans = BanList()
        epochs = Epochs(
            self.catalogue.hunts, store.hunts.begin_epoch, refresh=self.catalogue.refresh_soon
        )
        self.log_news = LogNews()
        self.webhooks = make_webhooks(settings, store, news=self.log_news, jitter=jitter)
        self.streams = make_streams(
            settings,
            store.log,
            catalogue=self.catalogue,
            tokens=self.tokens,
            bans=self.bans,
            recorder=recorder,
            went_back=epochs.log_went_back,
            advanced=self.webhooks.advanced,
            jitter=jitter,
        )
        self.ban_reader = Bans(self.bans, store.bans.read, self.streams.hub.end_banned)
        self.bus = make_bus(settings, self.streams, self.catalogue, name=store.name, jitter=jitter)
        self.listener_link = Link()
        breaker = Breaker(
            trio.current_time,
            slow=settings.breaker_slow,
            batches=settings.breaker_batches,
            jitter=jitter,
        )
        # Without spans, traced clicks are only logged, at level debug.
        traced = tracer is not None or settings.log_level == "debug"
        tracing = ClickTracing(tracer) if traced else None
        self.readiness = Readiness(breaker=breaker, tail=self.streams.tail, tokens=self.tokens)
        self.drawing = Drawing(self.catalogue.hunts)
        self.commits = Commits(
            settings,
            log=store.log,
            hunts=self.catalogue.hunts,
            epochs=epochs,
            tail=self.streams.tail,
            breaker=breaker,
            recorder=recorder,
            breaker_changed=self.readiness.announce,
            jitter=jitter,
            drawing=self.drawing,
            tracing=tracing,
            publish=None if self.bus is None else self.bus.publish,
            workers=host.workers if settings.joint_commits else None,
            name=store.name,
        )
        store.on_recovery(self.commits.prober.probe_soon)
        self.heads = Heads(
            self.catalogue.hunts.values,
            self.streams.tail.known,
            store.proofs.publish,
            jitter=jitter,
        )
        self.ending = Ending(
            hunts=self.catalogue.hunts.values,
            now=self.catalogue.now,
            end_due=store.hunts.end_due,
            ended=self.catalogue.refresh_soon,
            jitter=jitter,
        )
        self.scheduler = Scheduler(store.schedule.due, store.schedule.perform, jitter=jitter)
        self.retention = Retention(store.retention.apply, jitter=jitter)
        self.claims = Claims(store.reward_states, KeyRing(settings.data_keys))
        self.leaderboard = Leaderboard(store.leaderboard.add_up, store.leaderboard.leaders)
        self.leaders = Leaders(
            self.streams.hub,
            self.leaderboard,
            self.streams.broadcast,
            self.streams.tail.position,
        )
        self.campaign_boards = Leaderboard(
            store.campaign_standings.add_up,
            store.campaign_standings.leaders,
            self.leaderboard.faults,
        )
        self.version_cache = VersionCache(store.hunts.versions)
        self.page_files = PageFiles(settings.pages_dir)
        self.challenges = make_challenges(settings, use=store.used_challenges.use, wall=time.time)
        self.limits = Limits(settings, clock=trio.current_time, refused=recorder.limited)
        self.intake = Intake(
            put=self.commits.joint.put,
            breaker=breaker,
            limiter=self.limits.clicks,
            pause=self.commits.quarantine.pause,
            jitter=jitter,
            drawing=self.drawing,
        )
        self.resume_faults = Counter(resume=0)  #: streams that could not be resumed
        self.play = assemble(
            settings,
            hunts=self.catalogue.hunts,
            tokens=self.tokens,
            limits=self.limits,
            bans=self.bans,
            proxies=Proxies(settings.trusted_proxies),
            intake=self.intake,
            hub=self.streams.hub,
            log=store.log,
            position=self.streams.tail.position,
            metrics=recorder,
            faults=self.resume_faults,
            jitter=jitter,
            tracing=tracing,
            tracer=tracer,
        )
        self.listener_faults = Counter(lost=0, odd=0)  #: counted by `hunt.bus.postgres.run`
        self.key_faults = Counter(fetch=0)  #: fetches of the issuer's key set that failed
        self.telemetry = self._make_telemetry(recorder, host)
        self.operations = make_operations(
            settings,
            host,
            record=store.audit.record,
            readiness=self.readiness,
            streams=self.streams,
            commits=self.commits,
            telemetry=self.telemetry,
            news=self.log_news,
            jitter=jitter,
        )
        #: Called every few seconds; each drops the entries of a cache that were not used.
        self.rotations = [
            self.limits.rotate,
            self.play.addresses.rotate,
            self.play.proxies.peers.rotate,
            self.play.proxies.sources.rotate,
            self.tokens.known.rotate,
            self.drawing.rotate,
            self.leaderboard.rotate,
            self.campaign_boards.rotate,
            self.commits.quarantine.rotate,
            *([] if self.challenges is None else [self.challenges.rotate]),
        ]

    def hunt_changed(self, hunt: str) -> None:
        """Take a notice that a hunt, its webhooks or its bans have changed; cannot block.

        Args:
            hunt: The id of the hunt; empty if the change concerns all hunts.
        """
        self.catalogue.refresh_soon(hunt or None)
        self.webhooks.look_soon()
        self.ban_reader.refresh_soon()
        self.scheduler.look_soon()

    def live(self, told: Told) -> None:
        """Take a live event; cannot block."""
        if told.event.kind == "head":
            self.heads.told(told.hunt)
        elif told.event.kind == "reward_state":
            self.webhooks.rewards_changed(told.hunt)
        self.streams.broadcast.tell(told)

    def known_names(self) -> set[str]:
        """Return the names of the processes whose commits arrive here without a notice."""
        return {self.store.name, *self.commits.joint.names()}

    def listener_connected(self) -> None:
        """Read everything that notices tell: earlier ones are lost; cannot block."""
        self.streams.listener_connected()
        self.webhooks.look_soon()
        self.ban_reader.refresh_soon()
        self.scheduler.look_soon()

    def _make_telemetry(self, recorder: Recorder, host: Host) -> Telemetry:
        faults = Faults()
        for where, counter in (
            ("pool", self.store.faults),
            ("listener", self.listener_faults),
            ("engine", self.catalogue.faults),
            ("engine", self.resume_faults),
            ("ending", self.ending.faults),
            ("heads", self.heads.faults),
            ("retention", self.retention.faults),
            ("schedule", self.scheduler.faults),
            ("engine", self.ban_reader.faults),
            ("keys", self.key_faults),
            ("leaderboard", self.leaderboard.faults),
            ("probe", self.commits.prober.faults),
            ("tail", self.streams.tail.faults),
            ("webhooks", self.webhooks.faults),
            *([] if self.challenges is None else [("challenge", self.challenges.faults)]),
            *([] if self.bus is None else [("bus", self.bus.link.faults)]),
        ):
            faults.add(where, counter)
        sources = Sources(
            version=VERSION,
            recorder=recorder,
            hunts=self.catalogue.hunts,
            faults=faults,
            breaker=self.commits.breaker,
            guard=self.commits.guard,
            hub=self.streams.hub,
            lanes=self.commits.lanes,
            forwarded=self.commits.joint.forwarded,
            quarantine=self.commits.quarantine,
            tail=self.streams.tail,
            bus="postgresql" if self.bus is None else "valkey",
            link=self.listener_link if self.bus is None else self.bus.link,
            meter=EventLoopMeter(time.perf_counter),
            pool=self.store.states,
            webhooks=self.webhooks,
            connections=host.connections,
        )
        return Telemetry(
            sources,
            answered=lambda: self.catalogue.answered_at,
            draining=lambda: self.readiness.draining,
        )
