"""Names in tokens, which are stored in the background."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import trio
from trio.testing import MockClock

from hunt.core.tokens import Identity
from hunt.errors import BatchRejected, StoreError, StoreUnavailable
from hunt.play.names import INTERVAL, MAX_WAITING, Names


class Stored:
    """A store whose first call fails."""

    def __init__(self, failure: StoreError) -> None:
        self.failures = [failure]
        self.calls: list[tuple[float, Mapping[str, str]]] = []

    async def put(self, names: Mapping[str, str], *, claimed: bool) -> None:
        assert claimed
        self.calls.append((trio.current_time(), names))
        await trio.lowlevel.checkpoint()
        if self.failures:
            raise self.failures.pop()


@pytest.mark.parametrize(
    ("failure", "second"),
    [
        pytest.param(StoreUnavailable("gone"), {"ada": "Ada", "bob": "Bobby"}, id="kept"),
        pytest.param(BatchRejected("wrong"), {"bob": "Bobby"}, id="rejected"),
    ],
)
async def test_names_that_were_not_stored_are_stored_later(
    autojump_clock: MockClock, failure: StoreError, second: Mapping[str, str]
) -> None:
    stored = Stored(failure)
    names = Names(stored, None)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(names.run)
        for player, name in (("ada", "Ada"), ("bob", "Bob")):
            names.note(_identity(player, name))
        await trio.sleep(1.5 * INTERVAL)
        names.note(_identity("bob", "Bobby"))
        await trio.sleep(5 * INTERVAL)
        nursery.cancel_scope.cancel()
    assert [each for _, each in stored.calls] == [{"ada": "Ada", "bob": "Bob"}, second]


async def test_names_that_wait_for_the_database_are_bounded(autojump_clock: MockClock) -> None:
    attempts, arrived = 5, 0
    seen: list[int] = []

    class Away:
        """A store that fails, while players arrive."""

        async def put(self, waiting: Mapping[str, str], *, claimed: bool) -> None:
            seen.append(len(waiting))
            players_arrive()
            raise StoreUnavailable("gone")

    names = Names(Away(), None)  # type: ignore[arg-type]

    def players_arrive() -> None:
        nonlocal arrived
        for _ in range(MAX_WAITING):
            arrived += 1
            names.note(_identity(f"player-{arrived}", "Ada"))

    players_arrive()
    with trio.move_on_after((attempts + 0.5) * INTERVAL):
        await names.run()
    assert seen == [MAX_WAITING] * attempts


def _identity(player: str, name: str) -> Identity:
    return Identity(player, None, False, 2e9, None, None, name)
