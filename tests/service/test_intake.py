from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import trio

from hunt.core.breaker import Breaker
from hunt.core.definition import Peak, Prize
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.limiter import Limiter
from hunt.errors import (
    CircuitOpen,
    ClickConflict,
    HuntUnavailable,
    TooFast,
)
from hunt.service.intake import ENTRY, PREPARED_SIZE, PRIZE, Intake, not_open
from hunt.service.lanes import Lanes
from tests.support.hunts import HUNTS, NOTHING, SURE, hunt

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


#: Seconds for which hunts refuse by themselves.
PAUSES = {"broken": 2.0}


async def take(intake_for: Sequence[Outcome], **options: float) -> tuple[Intake, Breaker, Lanes]:
    outcomes = list(intake_for)

    async def commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
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


async def test_changed_odds_apply_to_the_next_click(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _, lanes = await take([])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        before = await settled(made, "harbour", "ada")
        draws = made.prepared.get("harbour")
        assert (await settled(made, "harbour", "ada")) == before
        assert made.prepared.get("harbour") is draws, "prepared once for a hunt"
        monkeypatch.setitem(HUNTS, "harbour", hunt(replace(NOTHING, prizes=(SURE,))))
        after = await settled(made, "harbour", "ada")
        nursery.cancel_scope.cancel()
    assert isinstance(before, Settlement)
    assert isinstance(after, Settlement)
    assert (before.reward.prize, after.reward.prize) == (None, "coin")


async def test_lane_receives_the_drawn_click(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, _ = await take([])
    put: list[tuple[object, ...]] = []
    monkeypatch.setattr(made, "_put", lambda *args: put.append(args))
    peak = Prize("chest", "Chest", 9, Peak(1.0, (1, 2), 0.1), None, None)
    monkeypatch.setitem(HUNTS, "harbour", hunt(replace(NOTHING, prizes=(peak,))))
    for place in ((1.0, 2.0), (2.0, 1.0)):
        made.click(HUNTS["harbour"], "ada", ID, place, print, 7.0)
    assert put == [
        ("harbour", Click(ID, "ada", 1.0, 2.0, "chest", 9), print, 7.0),
        ("harbour", Click(ID, "ada", 2.0, 1.0, None, 0), print, 7.0),
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


async def test_draws_of_unused_hunts_are_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, lanes = await take([])
    async with trio.open_nursery() as nursery:
        await nursery.start(lanes.run)
        for hunt_id in ("timed", "harbour"):
            await settled(made, hunt_id, "ada")
        assert len(made.prepared) == 2
        for _ in range(3):
            made.prepared.rotate()
            await settled(made, "harbour", "ada")
        assert made.prepared.get("timed") is None
        assert made.prepared.get("harbour") is not None
        monkeypatch.setattr(made, "_put", lambda *args: None)
        many = (Prize(f"p{number}", "Prize", 1, 0.0, None, None) for number in range(50))
        definition = replace(NOTHING, prizes=tuple(many))
        for number in range(1000):
            other = hunt(replace(definition, id=f"hunt-{number}"))
            made.click(other, "ada", ID, (0, 0), lambda _: None, trio.current_time())
        assert 100 < len(made.prepared) <= PREPARED_SIZE / (ENTRY + 50 * PRIZE)
        nursery.cancel_scope.cancel()
