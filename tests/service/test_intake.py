from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest
import trio

from hunt.core.breaker import Breaker
from hunt.core.definition import Peak, Prize
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.limiter import Limiter
from hunt.core.trace_context import TraceContext
from hunt.errors import (
    CircuitOpen,
    ClickConflict,
    HuntUnavailable,
    TooFast,
)
from hunt.service.drawing import Drawing
from hunt.service.intake import Intake, not_open
from hunt.service.lanes import Lanes
from hunt.service.tracing import TracedClick
from tests.support.hunts import HUNTS, NOTHING, hunt

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


CHEST = Prize("chest", "Chest", 9, Peak(0.0, (7, 9), 3), None, None)
COLD = hunt(replace(NOTHING, prizes=(CHEST,), hints="warmth"))

#: Seconds for which hunts refuse by themselves.
PAUSES = {"broken": 2.0}


async def take(intake_for: Sequence[Outcome], **options: float) -> tuple[Intake, Breaker, Lanes]:
    outcomes = list(intake_for)
    drawing = Drawing(HUNTS)

    async def commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        drawing.draw(hunt, clicks)
        await trio.lowlevel.checkpoint()
        return [
            outcomes.pop(0)
            if outcomes
            else Settlement(Reward(1, each.id, each.player, each.prize, each.points, ""), False)
            for each in clicks
        ]

    lanes = Lanes(
        commit, batch_size=9, batch_interval=0, queue_size=9, queue_age=9, jitter=lambda: 0
    )
    breaker = Breaker(trio.current_time)
    limiter = Limiter(trio.current_time, rate=options.get("rate", 0), burst=1)
    made = Intake(
        put=lanes.put,
        breaker=breaker,
        limiter=limiter,
        pause=lambda hunt: PAUSES.get(hunt, 0.0),
        jitter=lambda: 0,
        drawing=drawing,
    )
    return made, breaker, lanes


async def settled(made: Intake, hunt_id: str, player: str) -> Outcome:
    outcomes: list[Outcome] = []
    done = trio.Event()

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        done.set()

    made.click(HUNTS[hunt_id], player, ID, (0, 0), note, trio.current_time())
    await done.wait()
    return outcomes[0]


async def test_click_is_drawn_and_settled() -> None:
    made, _, lanes = await take([])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        won = await settled(made, "timed", "ada")
        lost = await settled(made, "harbour", "ada")
        nursery.cancel_scope.cancel()
    assert isinstance(won, Settlement)
    assert isinstance(lost, Settlement)
    assert (won.reward.prize, won.reward.points) == ("coin", 7)
    assert (lost.reward.prize, lost.reward.points) == (None, 0)


async def test_rate_limit_and_open_breaker_refuse_clicks() -> None:
    made, breaker, lanes = await take([], rate=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        await settled(made, "harbour", "ada")
        with pytest.raises(TooFast):
            await settled(made, "harbour", "ada")
        breaker.read_only(breaker.admit())
        with pytest.raises(CircuitOpen):
            await settled(made, "harbour", "bob")
        nursery.cancel_scope.cancel()


async def test_lane_receives_the_click_before_its_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, _ = await take([])
    put: list[tuple[object, ...]] = []
    monkeypatch.setattr(made, "_put", lambda *args: put.append(args))
    made.click(HUNTS["timed"], "ada", ID, (1.0, 2.0), print, 7.0)
    assert put == [("timed", Click(ID, "ada", 1.0, 2.0), print, 7.0)]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("hints", ["none", "warmth"])
async def test_outcome_without_a_prize_has_the_hint_of_its_hunt(
    monkeypatch: pytest.MonkeyPatch, traced: bool, hints: Literal["none", "warmth"]
) -> None:
    made, _, _ = await take([])
    put: list[Callable[[Outcome], None]] = []
    monkeypatch.setattr(made, "_put", lambda hunt, click, settled, now: put.append(settled))
    outcomes: list[Outcome] = []
    context = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", True, "")
    callback = TracedClick(outcomes.append, context, None) if traced else outcomes.append
    definition = replace(COLD.definition, hints=hints)
    made.click(replace(COLD, definition=definition), "ada", ID, (0, 0), callback, 0.0)
    [settled] = put
    assert isinstance(settled, TracedClick) == traced, "the lane finds it by its class"
    near = Reward(1, ID, "ada", None, 0, "", x=7.0, y=9.0)
    far, erased = (
        msgspec.structs.replace(near, y=99.0),
        msgspec.structs.replace(near, x=None, y=None),
    )
    won = msgspec.structs.replace(near, prize="chest")
    refusal = ClickConflict("other")
    for reward in (near, far, erased, won):
        settled(Settlement(reward, True))
    settled(refusal)
    expected = [0, 4, None, None] if hints == "warmth" else [None] * 4
    assert outcomes == [
        *(
            Settlement(msgspec.structs.replace(reward, hint=hint), True)
            for reward, hint in zip((near, far, erased, won), expected, strict=True)
        ),
        refusal,
    ]


async def test_refusal_before_the_lane_has_a_retry_time() -> None:
    made, breaker, _ = await take([])
    made._jitter = lambda: 0.25
    with pytest.raises(HuntUnavailable) as broken:
        made.click(HUNTS["broken"], "ada", ID, (0, 0), print, trio.current_time())
    assert broken.value.retry_after == PAUSES["broken"] + 0.75
    breaker.read_only(breaker.admit())
    with pytest.raises(CircuitOpen) as refused:
        made.click(HUNTS["broken"], "ada", ID, (0, 0), print, trio.current_time())
    assert refused.value.retry_after == pytest.approx(breaker.retry_after() + 0.75, abs=0.2)


@pytest.mark.parametrize(
    ("opens", "closes", "shown"),
    [
        (None, None, (None, None)),
        (datetime(2026, 1, 1, tzinfo=UTC), None, ("2026-01-01T00:00:00Z", None)),
        (None, datetime(2026, 1, 2, tzinfo=UTC), (None, "2026-01-02T00:00:00Z")),
    ],
)
def test_not_open_refusal_has_the_times_of_the_hunt(
    opens: datetime | None, closes: datetime | None, shown: tuple[str | None, str | None]
) -> None:
    refusal = not_open(hunt(replace(NOTHING, opens_at=opens, closes_at=closes)))
    assert (refusal.opens_at, refusal.closes_at) == shown


async def test_refusal_of_the_store_is_an_outcome() -> None:
    conflict = ClickConflict("other")
    made, _, lanes = await take([conflict])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        assert await settled(made, "timed", "ada") is conflict
        nursery.cancel_scope.cancel()
