"""Awaiting the outcome of a click."""

from __future__ import annotations

import trio
import trio.testing

from hunt.core.events import Outcome, Reward, Settlement
from hunt.errors import Overloaded, QueueFull
from hunt.play.pending import settle
from tests.support.fake_play import BODY, PEER, World, request


async def test_outcome_of_a_taken_click_is_awaited() -> None:
    world = World()
    settlement = Settlement(Reward(1, "c", "ada", None, 0, ""), duplicate=False)
    outcomes: list[Outcome] = []

    async def click() -> None:
        outcomes.append(await settle(world.play, request(), PEER, BODY, 0.0))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(click)
        await trio.testing.wait_all_tasks_blocked()
        assert not outcomes
        world.intake.settle[0](settlement)
    assert outcomes == [settlement]


async def test_refusal_is_returned_at_once() -> None:
    world = World()
    world.intake.refusal = QueueFull(retry_after=1)
    assert await settle(world.play, request(), PEER, BODY, 0.0) is world.intake.refusal


async def test_click_beyond_a_connection_limit_is_refused() -> None:
    world = World()
    with trio.fail_after(5):
        refusal = await settle(world.play, request(), PEER, BODY, 0.0, "all")
    assert isinstance(refusal, Overloaded)
    assert not world.intake.clicks
