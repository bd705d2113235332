"""The draws of batches."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import starmap

import pytest

from hunt.core import chain
from hunt.core.definition import Definition, Peak, Prize
from hunt.core.events import Click
from hunt.core.fairness import Draws
from hunt.core.hunts import Hunt
from hunt.core.odds import Odds
from hunt.errors import HuntFailed, HuntNotFound
from hunt.service import drawing
from hunt.service.drawing import ENTRY, PREPARED_SIZE, PRIZE, Drawing
from tests.support.hunts import NOTHING, SURE, hunt

KEY = b"k" * 32
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)  # time of the read of each hunt
PLAYERS = ("ada", "bob", "eve")


def clicks(count: int = 1) -> list[Click]:
    return [
        Click(str(uuid.UUID(int=number << 64)), PLAYERS[number % 3], number % 7, number % 11)
        for number in range(count)
    ]


def of(*prizes: Prize, key: bytes | None = None) -> Hunt:
    return replace(hunt(replace(NOTHING, prizes=prizes)), player_key=key)


@pytest.mark.parametrize("key", [None, KEY])
def test_batch_is_drawn_as_its_clicks_one_by_one(key: bytes | None) -> None:
    prizes = tuple(Prize(f"p{n}", "Prize", n, 0.1 * n, None, None) for n in range(1, 4))
    known, batch = of(*prizes, key=key), clicks(200)
    Drawing({"harbour": known}).draw("harbour", batch)
    uniform, draw = Draws(known.seed).uniform, Odds(known.definition).draw
    for each in batch:
        name = "" if key is None else chain.Pseudonyms(key).of(each.player)
        prize = draw(each.x, each.y, uniform(each.id, name or each.player))
        won = (None, 0) if prize is None else (prize.id, prize.points)
        assert (each.prize, each.points, each.pseudonym) == (*won, name)
    assert len({each.prize for each in batch}) == 4


def test_position_decides() -> None:
    known = of(Prize("chest", "Chest", 9, Peak(1.0, (1, 2), 0.1), None, None))
    [first] = clicks()
    batch = [moved(first, 1.0, 2.0), moved(first, 2.0, 1.0)]
    Drawing({"harbour": known}).draw("harbour", batch)
    assert [(each.prize, each.points) for each in batch] == [("chest", 9), (None, 0)]


def moved(click: Click, x: float, y: float) -> Click:
    return Click(click.id, click.player, x, y)


def test_changed_odds_apply_to_the_next_batch() -> None:
    hunts = {"harbour": of(key=KEY)}
    made, batch = Drawing(hunts), clicks(3)
    made.draw("harbour", batch)
    prepared = made.prepared.get("harbour")
    made.draw("harbour", clicks(3))
    assert made.prepared.get("harbour") is prepared, "prepared once for a hunt"
    hunts["harbour"] = of(SURE, key=KEY)
    made.draw("harbour", batch)
    assert [each.prize for each in batch] == [None] * 3, "drawn before"
    later = clicks(3)
    made.draw("harbour", later)
    assert [each.prize for each in later] == ["coin"] * 3


def test_hunt_that_is_deleted_refuses_its_clicks() -> None:
    with pytest.raises(HuntNotFound):
        Drawing({}).draw("harbour", clicks())


def test_defect_in_the_draws_concerns_its_hunt(monkeypatch: pytest.MonkeyPatch) -> None:
    class Defective(Odds):
        def draw(self, x: float, y: float, uniform: float) -> Prize | None:
            raise OverflowError("a defect")

    monkeypatch.setattr(drawing, "Odds", Defective)
    with pytest.raises(HuntFailed, match="harbour"):
        Drawing({"harbour": of(SURE)}).draw("harbour", clicks())


@pytest.mark.parametrize(
    ("starts", "until", "present"),
    [
        pytest.param(None, None, True, id="always"),
        pytest.param(0, None, True, id="starts now"),
        pytest.param(1, None, False, id="not started"),
        pytest.param(None, 0, False, id="ends now"),
        pytest.param(None, 1, True, id="not ended"),
        pytest.param(-2, -1, False, id="ended"),
    ],
)
def test_hints_leave_out_prizes_outside_their_time(
    starts: float | None, until: float | None, *, present: bool
) -> None:
    chest = Prize("chest", "Chest", 9, Peak(1.0, (1, 2), 0.1), None, None)
    times = [None if each is None else AS_OF + timedelta(seconds=each) for each in (starts, until)]
    known = of(replace(chest, starts=times[0], until=times[1]))
    hints = Drawing({}).of(replace(known, definition=hinting(known))).hints
    assert hints is not None
    assert hints.step(1, 2) == (0 if present else None)


def test_hints_leave_out_prizes_without_stock() -> None:
    spots = {"sold": (1, 2), "left": (90, 90), "endless": (1, 90)}
    known = of(*(Prize(id_, "", 9, Peak(1.0, at, 0.1), None, None) for id_, at in spots.items()))
    known = replace(known, definition=hinting(known), stock_left={"sold": 0, "left": 1})
    hints = Drawing({}).of(known).hints
    assert hints is not None
    assert list(starmap(hints.step, spots.values())) == [4, 0, 0]
    assert Drawing({}).of(of()).hints is None, "a hunt without hints"


def hinting(known: Hunt) -> Definition:
    return replace(known.definition, hints="warmth")


def test_draws_of_unused_hunts_are_evicted() -> None:
    hunts = {name: named(of(), name) for name in ("timed", "harbour")}
    made = Drawing(hunts)
    for name in hunts:
        made.draw(name, clicks())
    assert len(made.prepared) == 2
    for _ in range(3):
        made.rotate()
        made.draw("harbour", clicks())
    assert made.prepared.get("timed") is None
    assert made.prepared.get("harbour") is not None
    many = of(*(Prize(f"p{number}", "Prize", 1, 0.0, None, None) for number in range(50)))
    for number in range(1000):
        hunts[f"hunt-{number}"] = named(many, f"hunt-{number}")
        made.draw(f"hunt-{number}", clicks())
    assert 100 < len(made.prepared) <= PREPARED_SIZE / (ENTRY + 50 * PRIZE)


def test_pseudonyms_of_players_who_left_are_evicted() -> None:
    made = Drawing({"harbour": replace(of(SURE), player_key=bytes(32))})
    for _ in range(3):
        made.draw("harbour", clicks())
    players = {each.player for each in clicks()}
    assert len(made._pseudonyms) == len(players)
    for _ in range(2):
        made.rotate()
    assert len(made._pseudonyms) == 0


def named(known: Hunt, name: str) -> Hunt:
    return replace(known, definition=replace(known.definition, id=name))
