"""Defects, each of which the matching check must detect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from hunt import streaming
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.grants import Given, Grants
from hunt.core.hunts import Hunt
from hunt.errors import OutcomeUnknown, Overloaded, StoreError
from hunt.play.greeting import Greeter, Greeting
from hunt.service import commits
from hunt.service.guard import Guard
from hunt.service.hub import Hub
from hunt.service.tail import Tail
from tests.simulation.ledger import Ledger
from tests.simulation.store import FakeLog
from tests.support.broken_tail import TailByNumber

Patch = pytest.MonkeyPatch


def cursor_by_number(patch: Patch) -> None:
    """Assume that all rewards up to the highest number seen have arrived."""
    patch.setattr(streaming, "Tail", TailByNumber)


def own_events_first(patch: Patch) -> None:
    """Publish this process's commits before earlier commits of others."""

    class Hasty(Tail):
        def committed(self, hunt: str, rewards: Sequence[Reward]) -> None:
            self._publish(hunt, rewards)
            super().committed(hunt, rewards)

    patch.setattr(streaming, "Tail", Hasty)


def forgets_to_catch_up(patch: Patch) -> None:
    """Assume that a listener that reconnects has missed nothing."""

    class Trusting(Tail):
        def __init__(self, **options: object) -> None:
            super().__init__(**options, poll=float("inf"))  # type: ignore[arg-type]

        def resync(self) -> None:
            pass

    patch.setattr(streaming, "Tail", Trusting)


def players_by_prefix(patch: Patch) -> None:
    """Deliver a player's rewards to all players whose names begin with that name."""

    class Prefix(Hub):
        def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
            for reward in rewards:
                for player in list(self._players.get(hunt, {})):
                    if reward.player.startswith(player):
                        super().publish(hunt, [replace(reward, player=player)])

    patch.setattr(streaming, "Hub", Prefix)


def refuses_what_it_recorded(patch: Patch) -> None:
    """Treat a lost answer as a refusal."""

    class Denying(Guard):
        async def commit(self, *args: Any, **options: Any) -> list[Outcome]:
            outcomes = await super().commit(*args, **options)
            return [
                Overloaded(retry_after=1) if isinstance(each, OutcomeUnknown) else each
                for each in outcomes
            ]

    patch.setattr(commits, "Guard", Denying)


def calls_its_own_retry_a_repeat(patch: Patch) -> None:
    """Report a click as a duplicate after a retry of its batch by the server."""
    patch.setattr(Guard, "_first_answers", staticmethod(lambda clicks, outcomes, case: outcomes))


def answers_what_was_lost(patch: Patch) -> None:
    """Answer before the commit, and ignore its failure."""
    real = FakeLog.append

    async def early(
        self: FakeLog, hunt: str, clicks: Sequence[Click], *args: object, **options: object
    ) -> list[Outcome]:
        try:
            return await real(self, hunt, clicks, *args, **options)  # type: ignore[arg-type]
        except StoreError:
            last = len(self._store.ledger.rows)
            return [
                Settlement(Reward(seq, c.id, c.player, c.prize, c.points, ""), False)
                for seq, c in enumerate(clicks, last + 1)
            ]

    patch.setattr(FakeLog, "append", early)


def counts_each_time(patch: Patch) -> None:
    """Settle a repeated click again."""
    patch.setattr(Ledger, "_known", lambda self, click: None)


def stock_in_memory(patch: Patch) -> None:
    """Count the stock in each process."""
    real = Grants.settle

    def settle(self: Grants, drawn: str | None, *click: Any) -> Given:
        real(self, drawn, *click)
        return Given(drawn)

    patch.setattr(Grants, "settle", settle)


def resumes_from_now(patch: Patch) -> None:
    """Greet a client that resumes, without its missed rewards."""

    async def resumed(self: Greeter, hunt: Hunt, player: str, last_event_id: str) -> Greeting:
        hello = self.hello(hunt)
        return replace(hello, resumed=True)

    patch.setattr(Greeter, "resumed", resumed)


def never_probes(patch: Patch) -> None:
    """Leave an open breaker open."""

    class Idle(commits.BreakerProber):
        async def _probe_once(self) -> None:
            await trio.sleep_forever()

    patch.setattr(commits, "BreakerProber", Idle)


PIECES: list[tuple[Callable[[Patch], None], str]] = [
    (cursor_by_number, "delivered"),
    (own_events_first, "delivered"),
    (forgets_to_catch_up, "delivered"),
    (resumes_from_now, "delivered"),
    (players_by_prefix, "private"),
    (refuses_what_it_recorded, "honest"),
    (answers_what_was_lost, "durable"),
    (counts_each_time, "once"),
    (calls_its_own_retry_a_repeat, "once"),
    (stock_in_memory, "dense"),
    (never_probes, "bounded"),
]
