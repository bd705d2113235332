"""hunt with one defect, chosen by ``HUNT_TEST_BROKEN``, which the oracle must detect.

``hypercorn -k trio tests.faults.broken:app``.  Each
defect replaces one part of hunt, and all other parts are the real ones.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from types import ModuleType
from typing import Any

import psycopg
import trio
from msgspec.structs import replace

from hunt import asgi, engine, streaming
from hunt.core.events import Click, Notice, Outcome, Receipt, Reward, Settlement
from hunt.core.webhooks import Answer
from hunt.errors import OutcomeUnknown, Overloaded, Refused, StoreError, StoreUnavailable
from hunt.service import commits, drawing, hub, intake
from hunt.service.guard import Guard
from hunt.service.hub import Hub
from hunt.service.subscriber import Subscriber, Subscription
from hunt.service.tail import Tail
from hunt.store import outcomes, store
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool
from hunt.store.log import Log
from tests.support.broken_tail import TailByNumber

PIECES: dict[str, Callable[[], None]] = {}


def piece(function: Callable[[], None]) -> Callable[[], None]:
    PIECES[function.__name__] = function
    return function


def swap(module: ModuleType, broken: type, name: str) -> None:
    """Replace the class that `module` instantiates by a broken one."""
    assert hasattr(module, name), f"{module.__name__} does not make a {name}"
    setattr(module, name, broken)


@piece
def sound() -> None:
    """Break nothing."""


@piece
def takes_failures_for_deliveries() -> None:
    """Go on after an event of a webhook that the receiver did not take."""
    Answer.delivered = property(lambda self: True)  # type: ignore[assignment]


@piece
def cursor_by_number() -> None:
    """Assume that all rewards up to the highest number seen have arrived."""
    swap(streaming, TailByNumber, "Tail")


@piece
def tells_codes_to_all() -> None:
    """Send each win to all players with its code."""

    def masked(reward: Reward) -> dict[str, object]:
        code = reward.code and reward.code.text
        return {"player": reward.player[:1], "prize": reward.prize, "points": 0, "code": code}

    hub._masked = masked


@piece
def same_code_for_a_batch() -> None:
    """Tell each winner of a batch the first code of the batch."""
    read = outcomes.read

    def first(*args: Any) -> list[Outcome]:
        found = read(*args)
        codes = [
            each.reward.code for each in found if isinstance(each, Settlement) and each.reward.code
        ]
        return [
            replace(each, reward=replace(each.reward, code=codes[0]))
            if isinstance(each, Settlement) and each.reward.code
            else each
            for each in found
        ]

    outcomes.read = first


@piece
def answers_before_the_commit() -> None:
    """Answer now, and commit later; one commit in five fails then."""

    class CommitsLater:
        def __init__(self, pool: Pool) -> None:
            self._pool = pool
            self._commits = 0

        def ready(self) -> bool:
            return True

        @asynccontextmanager
        async def connection(self, **options: Any) -> AsyncIterator[Connection]:
            lend, lent = trio.open_memory_channel[Connection](0)
            done = trio.Event()
            trio.lowlevel.spawn_system_task(self._hold, options, lend, done)
            try:
                conn = await lent.receive()
            except trio.EndOfChannel:
                raise StoreUnavailable("not now") from None
            try:
                yield conn
            finally:
                done.set()

        async def _hold(
            self,
            options: dict[str, Any],
            lend: trio.MemorySendChannel[Connection],
            done: trio.Event,
        ) -> None:
            with lend, suppress(StoreError, psycopg.Error):
                async with self._pool.connection(**options) as conn:
                    await conn.execute("begin")
                    await lend.send(conn)
                    await done.wait()
                    await trio.sleep(0.03)  # less than the limit of slow commits of the breaker
                    self._commits += 1
                    await conn.execute("rollback" if self._commits % 5 == 0 else "commit")

    class Early(Log):
        def __init__(self, pool: Pool, **options: Any) -> None:
            super().__init__(CommitsLater(pool), **options)  # type: ignore[arg-type]

    swap(store, Early, "Log")


@piece
def own_events_first() -> None:
    """Publish this process's commits before earlier commits of others.

    Commits of others wait until then, so that each run shows the wrong order.
    """

    class Hasty(Tail):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._held: list[Notice] = []

        def notice(self, notice: Notice) -> None:
            self._held.append(notice)

        def committed(self, hunt: str, rewards: Sequence[Reward]) -> None:
            self._publish(hunt, rewards)
            super().committed(hunt, rewards)
            while self._held:
                super().notice(self._held.pop(0))

    swap(streaming, Hasty, "Tail")


@piece
def stock_in_memory() -> None:
    """Count the stock in each process, and leave the database without it."""

    class Counting(Log):
        granted: Counter[str | None]
        stocks: dict[str, int] | None = None

        async def append(
            self, hunt: str, clicks: Sequence[Click], *args: Any, **options: Any
        ) -> list[Outcome]:
            if self.stocks is None:
                self.granted = Counter()
                async with self._pool.connection() as conn:
                    self.stocks = {"coin": 50}
                    await conn.execute("update prizes set stock = null, granted = 0")
            kept = []
            for click in clicks:
                left = self.stocks.get(click.prize or "", 10**9) - self.granted[click.prize]
                self.granted[click.prize] += left > 0
                kept.append(click if left > 0 else replace(click, prize=None, points=0))
            return await super().append(hunt, kept, *args, **options)

    swap(store, Counting, "Log")


@piece
def players_by_prefix() -> None:
    """Deliver a player's rewards to all players whose names begin with that name."""

    class Prefix(Hub):
        def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
            for reward in rewards:
                for player in list(self._players.get(hunt, {})):
                    if player.startswith(reward.player):
                        super().publish(hunt, [replace(reward, player=player)])

    swap(streaming, Prefix, "Hub")


@piece
def draws_again() -> None:
    """Draw for each attempt, and answer a repeat with the new draw."""

    class Draws:
        def __init__(self, seed: bytes) -> None:
            pass

        def uniforms(self, ids: bytes, players: Sequence[str]) -> list[float]:
            return [random.random() for _ in players]

    class Again(Log):
        async def append(
            self, hunt: str, clicks: Sequence[Click], *args: Any, **options: Any
        ) -> list[Outcome]:
            outcomes = await super().append(hunt, clicks, *args, **options)
            return [
                Settlement(replace(each.reward, prize=click.prize, points=click.points), True)
                if isinstance(each, Settlement) and each.duplicate
                else each
                for click, each in zip(clicks, outcomes, strict=True)
            ]

    swap(drawing, Draws, "Draws")
    swap(store, Again, "Log")


@piece
def forgets_to_catch_up() -> None:
    """Assume that a listener that reconnects has missed nothing."""

    class Trusting(Tail):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options, poll=float("inf"))

        def resync(self) -> None:
            pass

    swap(streaming, Trusting, "Tail")


@piece
def refuses_what_it_recorded() -> None:
    """Treat a lost answer as a refusal."""

    class Denying(Guard):
        async def commit(self, *args: Any, **options: Any) -> list[Outcome]:
            return [
                Overloaded(retry_after=1.0) if isinstance(each, OutcomeUnknown) else each
                for each in await super().commit(*args, **options)
            ]

    swap(commits, Denying, "Guard")


@piece
def keeps_what_is_gone() -> None:
    """Hold a descriptor of each stream for ever."""

    class Leaking(Hub):
        def add(self, subscription: Subscription, subscriber: Subscriber) -> None:
            for _ in range(5):
                os.dup(0)
            super().add(subscription, subscriber)

    swap(streaming, Leaking, "Hub")


@piece
def leaks_backends() -> None:
    """Open a connection outside of the pool with every tenth commit, and never close it."""

    class Forgetful(Log):
        def __init__(self, pool: Pool, **options: Any) -> None:
            super().__init__(pool, **options)
            self._kept: list[Connection] = []
            self._commits = 0

        async def append(
            self, hunt: str, clicks: Sequence[Click], *args: Any, **options: Any
        ) -> list[Outcome]:
            self._commits += 1
            if self._commits % 10 == 0 and len(self._kept) < 15:
                url = os.environ["HUNT_DATABASE_URL"]
                self._kept.append(await Connection.connect(url, application_name="hunt"))
            return await super().append(hunt, clicks, *args, **options)

    swap(store, Forgetful, "Log")


@piece
def releases_all_at_once() -> None:
    """Grant prizes without regard to their release plans."""

    class Planless(store.Store):
        async def wait_fit(self) -> None:
            await super().wait_fit()
            with psycopg.connect(os.environ["HUNT_DATABASE_URL"], autocommit=True) as conn:
                conn.execute("update prizes set even = null, stepped = false")

    swap(store, Planless, "Store")


@piece
def rewrites_a_row() -> None:
    """Move the click of every fiftieth commit, once it was answered."""

    class Rewriting(Log):
        commits = count(1)

        async def append(
            self, hunt: str, clicks: Sequence[Click], *args: Any, **options: Any
        ) -> list[Outcome]:
            found = await super().append(hunt, clicks, *args, **options)
            if next(self.commits) % 50 == 0:
                async with self._pool.connection() as conn:
                    await conn.execute("update rewards set x = x + 1 where seq = 10")
            return found

    swap(store, Rewriting, "Log")


@piece
def repeats_a_receipt() -> None:
    """Give the first receipt again with every later answer."""
    read = outcomes.read
    first: list[Receipt] = []

    def repeated(*args: Any) -> list[Outcome]:
        found = read(*args)
        first.extend(each.receipt for each in found if isinstance(each, Settlement))
        return [
            replace(each, receipt=Receipt(each.reward.seq, first[0].head))
            if isinstance(each, Settlement)
            else each
            for each in found
        ]

    outcomes.read = repeated


@piece
def changes_odds_without_a_seal() -> None:
    """Change the odds in the database after they were sealed."""

    class Unsealed(store.Store):
        async def wait_fit(self) -> None:
            await super().wait_fit()
            with psycopg.connect(os.environ["HUNT_DATABASE_URL"], autocommit=True) as conn:
                conn.execute(
                    "update hunts set definition = jsonb_set(definition, '{prizes,0,odds}', '0.1')"
                )

    swap(store, Unsealed, "Store")


@piece
def answers_500() -> None:
    """Fail with an internal error at every hundredth click."""
    calls = count(1)

    class Defective(intake.Intake):
        def click(self, *args: Any, **options: Any) -> Any:
            if next(calls) % 100 == 0:
                raise Refused("a defect")
            return super().click(*args, **options)

    swap(engine, Defective, "Intake")


PIECES[os.environ.get("HUNT_TEST_BROKEN", "sound")]()
app = asgi.app
