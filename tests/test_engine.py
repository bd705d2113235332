"""The engine with a database that answers, fails, or was restored."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from hunt.core.events import Click
from hunt.core.hunts import Hunt
from hunt.core.tokens import Identity
from hunt.engine import Engine
from hunt.errors import HuntFailed, SettingsError, StoreUnavailable
from hunt.lifecycle import open_engine, running
from hunt.play.greeting import PATIENCE, REPLAYS
from hunt.service import tail
from hunt.service.subscriber import Subscription
from hunt.settings import Settings
from tests.simulation.ledger import EPOCH, HUNT, Ledger
from tests.simulation.store import FakeStore
from tests.simulation.weather import Script, Weather
from tests.simulation.world import SETTINGS
from tests.support.hubs import subscribed

ADA = Subscription(HUNT, Identity("ada", None, False, 1e12, None))


class Store(FakeStore):
    """A store of one process, whose answers a test changes."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.hangs = False
        self.changes: dict[str, object] = {}
        super().__init__(Ledger(trio.current_time), Weather(Script(1, ()), 0), nursery, "one")

    async def call(self, seconds: float) -> None:
        if self.hangs:
            await trio.sleep(2)
            raise StoreUnavailable("no answer")
        await super().call(seconds)

    async def read(self) -> dict[str, Hunt | None]:
        hunt = (await super().read())[HUNT]
        assert hunt is not None
        return {HUNT: replace(hunt, **self.changes)}  # type: ignore[arg-type]

    async def begin_epoch(self, hunt: str, epoch: str, known: int) -> bool:
        await trio.lowlevel.checkpoint()
        behind = len(self.ledger.rows) < known
        if behind:
            self.changes = {"epoch": "k2"}
        return behind


@asynccontextmanager
async def engine() -> AsyncIterator[tuple[Engine, Store]]:
    async with trio.open_nursery() as nursery:
        store = Store(nursery)
        async with running(Engine(replace(SETTINGS, drain_timeout=1.0), store)) as made:  # type: ignore[arg-type]
            yield made, store
        nursery.cancel_scope.cancel()


def commit_elsewhere(store: Store, number: int) -> None:
    """Commit a click as another process does, whose notice is lost."""
    listeners, store.ledger.listeners = store.ledger.listeners, []
    click = Click(f"00000000-0000-4000-8000-{number:012}", "ada", 1.0, 1.0, None, 0)
    store.ledger.commit(HUNT, [click], "other")
    store.ledger.listeners = listeners


async def test_deaf_process_is_not_ready_and_catches_up(
    autojump_clock: MockClock,
) -> None:
    async with engine() as (made, store):
        await trio.sleep(10)
        assert made.readiness.reasons() == []
        with subscribed(made.streams.hub, ADA, buffer=9, transport="sse") as mailbox:
            store.hangs = True
            commit_elsewhere(store, 1)
            await trio.sleep(tail.DEAF + 4)
            [reason] = made.readiness.reasons()
            assert "no answer from the database" in reason
            assert made.streams.tail.faults["deaf"] == 1
            store.hangs = False
            with trio.fail_after(5):
                assert (await mailbox.receive()).seq == 1
            assert made.readiness.reasons() == []
        assert made.streams.tail.silence() < tail.DEAF


async def test_half_open_breaker_is_not_ready(autojump_clock: MockClock) -> None:
    async with engine() as (made, _):
        states = []
        made.commits.breaker.read_only(made.commits.breaker.admit())
        made.commits.prober.observe()

        async def probe(hunt: str | None) -> float:
            states.append((made.commits.breaker.state, not made.readiness.reasons()))
            return 0.0

        made.commits.prober._probe = probe
        await trio.sleep(20)
        assert states
        assert set(states) == {("half-open", False)}
        assert made.readiness.reasons() == []


async def test_reconnected_listener_causes_a_read_of_all_hunts_and_logs(
    autojump_clock: MockClock,
) -> None:
    async with engine() as (made, store):
        await trio.sleep(10.5)
        looks: list[float] = []
        made.streams.tail._poll = 1000.0  # no poll by itself
        await trio.sleep(5)
        with subscribed(made.streams.hub, ADA, buffer=9, transport="sse") as mailbox:
            commit_elsewhere(store, 1)
            read = made.catalogue._read

            async def counted() -> Mapping[str, Hunt | None]:
                looks.append(trio.current_time())
                return await read()

            made.catalogue._read = counted
            made.streams.listener_connected()
            with trio.fail_after(0.5):
                assert (await mailbox.receive()).seq == 1
            assert looks, "changes of hunts may have been announced meanwhile, too"


async def test_resume_that_waits_too_long_is_paused(autojump_clock: MockClock) -> None:
    async with engine() as (made, _):
        greeter = made.play.streams.greeter
        for _ in range(REPLAYS):
            await greeter.replays.acquire()
        began = trio.current_time()
        with trio.fail_after(60):
            begin = await greeter.resumed(made.catalogue.hunts[HUNT], "ada", f"{EPOCH}-0")
        assert begin.ends
        assert b"retry:" in begin.blocks
        assert trio.current_time() - began == PATIENCE
        assert made.resume_faults["resume"] == 1
        greeter.replays.release()
        assert (await greeter.resumed(made.catalogue.hunts[HUNT], "ada", f"{EPOCH}-0")).resumed


async def test_new_epoch_is_followed_from_the_end_of_its_log(autojump_clock: MockClock) -> None:
    async with engine() as (made, store):
        for number in range(5):
            commit_elsewhere(store, number)
        await trio.sleep(5)
        assert made.streams.tail.position(HUNT) == 5
        with subscribed(made.streams.hub, ADA, buffer=9, transport="sse") as mailbox:
            made.streams.tail._went_back = None  # an operator has begun the new epoch
            del store.ledger.rows[3:]  # restored from a backup
            await store.begin_epoch(HUNT, EPOCH, 5)  # by an operator, or by a server
            await trio.sleep(10)
            assert made.streams.tail.position(HUNT) == 3
            assert mailbox.reason == "drain", "streams must ask again"


async def test_log_that_went_back_begins_an_epoch(autojump_clock: MockClock) -> None:
    async with engine() as (made, store):
        for number in range(5):
            commit_elsewhere(store, number)
        await trio.sleep(5)
        with subscribed(made.streams.hub, ADA, buffer=9, transport="sse") as mailbox:
            del store.ledger.rows[3:]  # restored from a backup
            await trio.sleep(2)
            assert made.catalogue.hunts[HUNT].epoch == "k2"
            assert made.streams.tail.position(HUNT) == 3
            assert mailbox.reason == "drain", "streams must ask again"


async def test_hunts_are_read_regularly_without_notices(
    autojump_clock: MockClock,
) -> None:
    async with engine() as (made, store):
        await trio.sleep(1)
        store.changes = {"version": 7}
        await trio.sleep(10)
        assert made.catalogue.hunts[HUNT].version == 7


async def test_breaker_is_probed_at_once_after_a_recovery(
    autojump_clock: MockClock,
) -> None:
    async with engine() as (made, store):
        for _ in range(10):  # until the pauses are long
            made.commits.breaker.force(None)
            made.commits.breaker._open("timeout")
        made.commits.prober.observe()
        assert made.commits.breaker.retry_after() > 5
        store.recovered()
        await trio.sleep(1)
        assert made.commits.breaker.state == "closed"


async def test_failing_hunt_does_not_keep_the_breaker_open(
    autojump_clock: MockClock,
) -> None:
    async with engine() as (made, _):
        tried: list[str | None] = []

        async def probe(hunt: str | None) -> float:
            tried.append(hunt)
            if hunt == HUNT:
                raise HuntFailed("locked")
            return 0.0

        made.commits.prober._probe = probe
        made.commits.prober.last_hunt = HUNT
        made.commits.breaker.read_only(made.commits.breaker.admit())
        made.commits.prober.observe()
        await trio.sleep(10)
        assert tried == [HUNT, None, None, None]
        assert made.commits.breaker.state == "closed"


async def test_slow_probe_keeps_the_breaker_open(autojump_clock: MockClock) -> None:
    async with engine() as (made, _):

        async def probe(hunt: str | None) -> float:
            return 2 * made.commits.breaker.slow

        made.commits.prober._probe = probe
        made.commits.breaker.read_only(made.commits.breaker.admit())
        made.commits.prober.observe()
        await trio.sleep(60)
        assert (made.commits.breaker.state, made.commits.breaker.reason) == ("open", "slow")
        assert made.commits.breaker.openings < 20


@pytest.mark.parametrize("state", ["closed", "forced"])
async def test_recovery_changes_only_an_open_breaker(autojump_clock: MockClock, state: str) -> None:
    async with engine() as (made, store):
        if state == "forced":
            made.commits.breaker.force("open")
        before = made.commits.breaker.state
        store.recovered()
        await trio.sleep(5)
        assert made.commits.breaker.state == before


async def test_caches_of_hunts_are_rotated_and_deleted_hunts_forgotten(
    autojump_clock: MockClock,
) -> None:
    async with engine() as (made, _):
        await trio.sleep(0.5)
        assert {
            made.drawing.rotate, made.leaderboard.rotate, made.commits.quarantine.rotate,
        } <= set(made.rotations)  # fmt: skip
        deleted = made.catalogue.hunts[HUNT]
        assert HUNT in made.streams.tail._positions
        made.streams.hunt_deleted(deleted)
        assert HUNT not in made.streams.tail._positions


async def test_engine_with_keys_needs_the_package_cryptography(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    settings = Settings(
        database_url="host=nowhere", jwt_secret=(b"s" * 32,), data_keys=(("a", b"k" * 32),)
    )
    with pytest.raises(SettingsError, match=r"HUNT_DATA_KEYS is set, but .*hunt-server\[keys\]"):
        async with open_engine(settings):
            pytest.fail("the engine started")


async def test_challenge_of_a_third_party_needs_its_keys() -> None:
    settings = Settings(database_url="host=nowhere", jwt_secret=(b"s" * 32,), challenge="turnstile")
    with pytest.raises(SettingsError, match="needs HUNT_CHALLENGE_SITE_KEY"):
        async with open_engine(settings):
            pytest.fail("the engine started")
