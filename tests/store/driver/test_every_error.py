"""No error of the database, whatever its code, ends a task or a process.

A fake server answers each statement with each code of PostgreSQL's appendix A.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
import structlog
import trio

from hunt.bus import postgres as bus
from hunt.core.breaker import Breaker
from hunt.core.definition import Definition
from hunt.core.events import Click, Notice, Outcome, Reward
from hunt.core.hunts import Hunt
from hunt.core.maps import Map
from hunt.errors import (
    CircuitOpen,
    ClickRejected,
    HuntUnavailable,
    OutcomeUnknown,
    Overloaded,
    StoreError,
    StoreUnavailable,
)
from hunt.service import ending
from hunt.service.audit_queue import AuditQueue
from hunt.service.catalogue import Catalogue
from hunt.service.ending import Ending
from hunt.service.guard import ATTEMPTS, Guard
from hunt.service.leaderboard import Leaderboard
from hunt.service.prober import BreakerProber
from hunt.service.quarantine import Quarantine
from hunt.service.tail import Tail
from hunt.store.audit import Audit, Entry
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.driver.sqlstates import Meaning, rule
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.log import FREE_QUEUE, QUEUE_FULL, Log
from hunt.store.players import Players
from tests.store.driver.fake_postgres import FakePostgres, fake_postgres
from tests.store.driver.sqlstates import APPENDIX_A

#: All codes, and some that no list contains.
CODES = (*APPENDIX_A, "ZZ999", "H0999")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

#: The answer to a click, and how often its batch is sent.
ANSWERS: dict[Meaning, tuple[type[Outcome], int]] = {
    Meaning.UNAVAILABLE: (Overloaded, 1),
    Meaning.READ_ONLY: (CircuitOpen, 1),
    Meaning.UNKNOWN: (OutcomeUnknown, ATTEMPTS),
    Meaning.RETRY: (Overloaded, ATTEMPTS),
    Meaning.TIMEOUT: (Overloaded, 1),
    Meaning.REJECTED: (ClickRejected, 1),
    Meaning.HUNT: (HuntUnavailable, 1),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


def click() -> Click:
    return Click(str(uuid.uuid4()), "ada", 1, 2, None, 0)


async def commit(server: FakePostgres, pool: Pool) -> tuple[Outcome, Breaker, Quarantine]:
    breaker = Breaker(trio.current_time)
    quarantine = Quarantine(trio.current_time, jitter=lambda: 0)
    log = Log(pool)
    guard = Guard(
        log.append, log.reject, breaker, quarantine, jitter=lambda: 0, known=lambda hunt: 0
    )
    server.statements.clear()
    [outcome] = await guard.commit("harbour", [click()])
    return outcome, breaker, quarantine


@pytest.mark.parametrize("prepares", [False, True], ids=["prepare", "run"])
async def test_every_code_of_a_commit_is_answered_as_decided(prepares: bool) -> None:
    async with fake_postgres() as server, open_pool(server.conninfo, size=2) as pool:
        server.prepares = prepares
        for server.sqlstate in CODES:
            meaning = rule(server.sqlstate, constraint=False).meaning
            outcome, breaker, quarantine = await commit(server, pool)
            kind, calls = ANSWERS[meaning]
            assert type(outcome) is kind or (type(outcome) is CircuitOpen and kind is Overloaded), (
                server.sqlstate
            )
            sent = [query for query in server.statements if "hunt_commit" in query]
            freed = server.statements.count(FREE_QUEUE)
            assert freed == (calls if server.sqlstate == QUEUE_FULL else 0), server.sqlstate
            again = 2 if server.sqlstate in {"26000", "0A000"} else 1  # prepared once more
            assert len(sent) in {calls, calls * again}, server.sqlstate
            assert bool(quarantine.hunts) == (meaning is Meaning.HUNT), server.sqlstate
            if meaning in {Meaning.HUNT, Meaning.RETRY, Meaning.REJECTED, Meaning.TIMEOUT}:
                assert breaker.state == "closed", "other hunts go on"


async def test_probe_frees_a_queue_of_notices_that_is_full() -> None:
    async with fake_postgres() as server, open_pool(server.conninfo, size=2) as pool:
        server.codes = {FREE_QUEUE: "42501"}
        for server.sqlstate in (QUEUE_FULL, "53100"):
            server.statements.clear()
            with pytest.raises(StoreUnavailable) as failed:
                await Log(pool).probe("harbour")
            assert failed.value.sqlstate == server.sqlstate
            freed = server.statements.count(FREE_QUEUE)
            assert freed == int(server.sqlstate == QUEUE_FULL), server.sqlstate


async def test_full_queue_of_notices_is_freed_by_a_commit_that_is_cancelled() -> None:
    async with fake_postgres() as server, open_pool(server.conninfo, size=2) as pool:
        async with pool.connection():
            pass  # now the pool has a connection, and nothing waits before the commit
        server.prepares, server.sqlstate = True, QUEUE_FULL
        with pytest.raises(StoreUnavailable), trio.CancelScope() as scope:
            await Log(pool).append("harbour", [click()], sent=scope.cancel)
        assert scope.cancel_called
        assert server.statements.count(FREE_QUEUE) == 1


@pytest.mark.parametrize("severity", ["FATAL", "PANIC"])
@pytest.mark.parametrize("hangs_up", [True, False])
async def test_error_that_ends_the_session_is_never_a_refusal(
    severity: str, hangs_up: bool
) -> None:
    async with fake_postgres() as server, open_pool(server.conninfo, size=2) as pool:
        server.severity, server.hangs_up = severity, hangs_up
        for server.sqlstate in ("08P01", "25P04", "53100", "57P01", "57P02", "57P05", "XX000"):
            outcome, _, _ = await commit(server, pool)
            assert isinstance(outcome, OutcomeUnknown), server.sqlstate


async def test_connection_that_breaks_after_any_error_is_given_up() -> None:
    async with fake_postgres() as server, open_pool(server.conninfo, size=2) as pool:
        server.hangs_up = True
        for server.sqlstate in CODES:
            await commit(server, pool)
        assert sum(pool.states().values()) <= 2


def reads(pool: Pool) -> list[Callable[[], object]]:
    """Return every call of the store that a request or a task makes."""
    hunts, players, standings, log = Hunts(pool), Players(pool), StoredLeaderboard(pool), Log(pool)
    entry = Entry(actor="eve", action="test", hunt="harbour", detail={})
    return [
        partial(log.read, "harbour", 0, 9),
        partial(log.history, "harbour", "ada", 0, 9),
        log.last,
        partial(log.probe, "harbour"),
        partial(log.reject, "harbour", click(), "why"),
        hunts.all,
        partial(hunts.get, "harbour"),
        partial(hunts.versions, "harbour"),
        partial(hunts.open, "harbour"),
        partial(hunts.change, "harbour", lambda known: known, actor="eve"),
        hunts.new_epochs,
        partial(standings.add_up, "harbour"),
        partial(standings.leaders, "harbour", 9),
        partial(players.erase, "ada", actor="eve"),
        partial(Audit(pool).record, entry),
    ]


async def test_every_code_of_a_read_or_a_change_is_an_error_of_the_store() -> None:
    async with fake_postgres() as server, open_pool(server.conninfo, size=2) as pool:
        for server.sqlstate in CODES:
            for call in reads(pool):
                with pytest.raises(StoreError) as caught:
                    await call()  # type: ignore[misc]
                assert caught.value.sqlstate == server.sqlstate
        assert pool.states()["busy"] == 0


class Tasks:
    """All tasks of a process that use the database, each with a count of its faults."""

    def __init__(self, server: FakePostgres, pool: Pool) -> None:
        log, standings = Log(pool), StoredLeaderboard(pool)
        self.listener = Counter[str](lost=0, odd=0)
        self.listening = Listener(server.conninfo).listening
        self.catalogue = Catalogue(Hunts(pool).all)
        self.published: list[Reward] = []
        self.tail = Tail(
            read=log.read,
            last=log.last,
            publish=lambda hunt, rewards: self.published.extend(rewards),
            jitter=lambda: 0.0,
        )
        due = Hunt(
            definition=Definition("due", "Due", Map.sized(9, 9), None, LONG_AGO, 0.0, ()),
            version=1, state="open", epoch="k1", last_seq=0, seed=b"s" * 32, stock_left={},
            as_of=LONG_AGO,
        )  # fmt: skip
        self.ending = Ending(
            hunts=lambda: [due],
            now=lambda: LONG_AGO,
            end_due=Hunts(pool).end_due,
            ended=lambda hunt: None,
            jitter=lambda: 0.0,
        )
        self.board = Leaderboard(standings.add_up, standings.leaders)
        self.audit_queue = AuditQueue(Audit(pool).record, jitter=lambda: 0.0)
        self.breaker = Breaker(trio.current_time, cooldown=0.001, cap=0.001)
        self.prober = BreakerProber(
            self.breaker,
            log.probe,
            quarantine=Quarantine(trio.current_time, jitter=lambda: 0.0),
            hunts={},
            changed=lambda state: None,
        )

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.catalogue.run, self)
            nursery.start_soon(self.ending.run)
            await nursery.start(self.tail.run)
            await nursery.start(self.board.run)
            nursery.start_soon(self.audit_queue.run)
            nursery.start_soon(self.prober.run)
            nursery.start_soon(
                partial(
                    bus.run, self.listening, own=lambda: ("me",), notice=lambda notice: None,
                    live=lambda told: None,
                    hunt_changed=lambda hunt: None, connected=lambda: None,
                    jitter=lambda: 0.01, faults=self.listener,
                )
            )  # fmt: skip
            task_status.started()

    def hunt_read(self, hunt: Hunt, known: Hunt | None) -> None:
        """See `hunt.service.catalogue.Watcher`."""

    def hunt_deleted(self, hunt: Hunt) -> None:
        """See `hunt.service.catalogue.Watcher`."""

    async def ask(self) -> None:
        """Make each task use the database once."""
        self.catalogue.refresh_soon()
        self.tail.notice(Notice("harbour", 1, 5, None))
        self.tail.resync()
        self.audit_queue.add(Entry(actor="eve", action="test", hunt=None, detail={}))
        self.breaker.read_only(self.breaker.admit())
        self.prober.observe("harbour")
        with pytest.raises(StoreError):
            await self.board.get("harbour")

    def counts(self) -> list[int]:
        return [
            self.catalogue.faults["hunts"],
            self.listener["lost"],
            self.tail.faults["read"],
            self.tail.faults["look"],
            self.board.faults["renew"],
            self.ending.faults["end"],
            self.audit_queue.faults.total(),
            self.prober.faults.total(),
        ]


@pytest.mark.parametrize("severity", ["ERROR", "FATAL"])
async def test_no_code_ends_a_task(severity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "INTERVAL", 0.01)
    async with fake_postgres() as server, open_pool(server.conninfo, size=4) as pool:
        server.severity = severity
        server.hangs_up = severity == "FATAL"
        # If the session ends anyway, the code hardly matters.
        for server.sqlstate in CODES if severity == "ERROR" else CODES[::8]:
            tasks = Tasks(server, pool)
            async with trio.open_nursery() as nursery:
                await nursery.start(tasks.run)
                await tasks.ask()
                with trio.fail_after(30):
                    while not all(tasks.counts()):
                        await trio.sleep(0.001)
                nursery.cancel_scope.cancel()
