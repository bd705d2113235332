"""The replay of a hunt accepts exactly what seed and rules give, but for rounding."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.bundle import Row
from hunt.core.definition import Area, Definition, Moments, Prize, Quota, Step
from hunt.core.fairness import Draws
from hunt.core.maps import Map, Position
from hunt.core.periods import steps
from hunt.core.replay import OVERLAP, ROUNDING, Replay
from hunt.errors import ProofError

SEED = bytes(range(32))
START = datetime(2026, 11, 1, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLACE = (40.0, 60.0)
COIN = Prize("coin", "Coin", 5, 1.0, None, None)
GOLD = Prize("gold", "Gold", 9, 1.0, 1, None)
PLAIN = Definition("plain", "Plain", Map.sized(100, 100), None, None, 0.0, (COIN,))


class Played:
    """A replay whose rows are clicks of new ids.

    Args:
        hunt: The first version.
        codes: Number of its codes, by prize.
    """

    def __init__(self, hunt: Definition, codes: Mapping[str, int] | None = None) -> None:
        self.replay = Replay(SEED)
        self.seq = 0
        self.change(hunt, START - SECOND, codes)

    def change(
        self, hunt: Definition, at: datetime, codes: Mapping[str, int] | None = None
    ) -> None:
        self.replay.change(hunt, codes or {}, text(at))

    def click(
        self,
        prize: str | None = None,
        points: int = 0,
        *,
        at: datetime = START,
        player: str = "ada",
        place: Position = PLACE,
        sold_out: str | None = None,
        number: int | None = None,
    ) -> None:
        """Replay a click with this outcome."""
        self.seq += 1
        row = Row(click_id(number or self.seq), player, *place, None, prize, points, sold_out)
        self.replay.row(self.seq, row, at)

    def erased(self, prize: str | None = None, at: datetime = START) -> None:
        """Replay a row of an erased player."""
        self.seq += 1
        self.replay.row(self.seq, Row(leaf="00" * 32, prize=prize, points=1), at)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def click_id(number: int) -> str:
    return str(uuid.UUID(int=number))


def offering(*prizes: Prize, **rules: object) -> Definition:
    return replace(PLAIN, prizes=prizes, **rules)  # type: ignore[arg-type]


def test_time_is_read() -> None:
    assert Replay.time("2026-11-01T18:00:00.000001Z") == START + timedelta(microseconds=1)


@pytest.mark.parametrize(
    "wrong",
    ["2026-11-01T18:00:00Z", "2026-11-01T18:00:00.000+00:00", "2026-13-01T18:00:00.000000Z", ""],
)
def test_malformed_time_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"digits|month"):
        Replay.time(wrong)


def test_winning_moments_are_drawn_from_the_seed() -> None:
    ends = START + timedelta(hours=1)
    hunt = offering(replace(GOLD, release=Moments(1)), opens_at=START, closes_at=ends)
    [moment] = steps(hunt, hunt.prizes[0], SEED)
    played = Played(hunt)
    played.click(at=moment.at - SECOND)
    played.click("gold", 9, at=moment.at)


@pytest.mark.parametrize("opens", [None, START])
@pytest.mark.parametrize("closes", [None, START + 9 * SECOND])
def test_row_is_within_the_times_of_the_hunt(
    opens: datetime | None, closes: datetime | None
) -> None:
    played = Played(offering(opens_at=opens, closes_at=closes))
    instant = timedelta(microseconds=1)
    played.click(at=START)
    played.click(at=START + 9 * SECOND - instant)
    for limit, wrong in ((opens, START - instant), (closes, START + 9 * SECOND)):
        if limit is None:
            played.click(at=wrong)
            continue
        with pytest.raises(ProofError, match=r"^row \d is outside of the times of the hunt$"):
            played.click(at=wrong)


def test_click_is_on_the_map() -> None:
    played = Played(PLAIN)
    played.click("coin", 5, place=(100, 0))
    with pytest.raises(ProofError, match=r"^row 2 is outside of the map$"):
        played.click("coin", 5, place=(100.1, 0))


@pytest.mark.parametrize(
    ("limit", "after"),
    [
        ({"cooldown": 2.0}, 2 * SECOND),
        ({"attempts": Quota(1, "hour")}, timedelta(hours=1)),
        ({"max_speed": 10.0}, 3 * SECOND),
    ],
)
def test_click_keeps_the_limits_of_its_player(limit: dict[str, object], after: timedelta) -> None:
    played = Played(offering(**limit))
    played.click()
    played.click(at=START + SECOND, player="bob")
    with pytest.raises(ProofError, match=r"^row 3 counts against a limit of its player$"):
        played.click(at=START + after - SECOND, place=(40.0, 90.0))
    played.click(at=START + after, place=(40.0, 90.0))


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ((None, 0, None), "coin with 5 points, and the log has nothing"),
        (("coin", 1, None), "coin with 5 points, and the log has coin with 1 point"),
        (("gold", 5, None), "coin with 5 points, and the log has gold with 5 points"),
        (
            (None, 0, "coin"),
            "coin with 5 points, and the log has nothing, because coin is sold out",
        ),
    ],
)
def test_other_outcome_is_named(outcome: tuple[str | None, int, str | None], message: str) -> None:
    prize, points, sold_out = outcome
    with pytest.raises(ProofError, match=f"^row 1: seed and rules give {message}$"):
        Played(PLAIN).click(prize, points, sold_out=sold_out)


def test_stock_is_used_up_by_rows_with_and_without_a_player() -> None:
    played = Played(offering(replace(GOLD, stock=2)))
    played.click("gold", 9)
    played.erased()
    played.erased("gold")
    played.click(sold_out="gold")
    with pytest.raises(
        ProofError, match="give nothing, because gold is sold out, and the log has gold with 9"
    ):
        played.click("gold", 9)


@pytest.mark.parametrize(
    "hunt",
    [
        offering(replace(COIN, per_player=1)),
        offering(COIN, max_wins=Quota(1, "hour")),
    ],
)
def test_click_over_a_limit_of_grants_gets_nothing(hunt: Definition) -> None:
    played = Played(hunt)
    played.click("coin", 5)
    played.click("coin", 5, player="bob")
    with pytest.raises(ProofError, match="give nothing, and the log has coin with 5 points"):
        played.click("coin", 5)
    played.click()


def test_void_returns_the_unit_of_a_reward_once() -> None:
    played = Played(offering(GOLD))
    played.click("gold", 9)
    played.click(sold_out="gold")
    played.replay.void([1], text(START))
    played.erased("gold")
    played.click(sold_out="gold")
    played.replay.void([3], text(START))
    played.click("gold", 9)
    for seq in (1, 2, 9):
        problem = f"^a void names row {seq}, which has no reward or is void already$"
        with pytest.raises(ProofError, match=problem):
            played.replay.void([seq], text(START))


STEPS = tuple(Step(START + number * 10 * SECOND, number + 1) for number in range(3))
FLASH = offering(replace(GOLD, id="flash", stock=None, release=STEPS, void=True))


def test_row_of_an_erased_player_loses_what_a_step_released() -> None:
    played = Played(FLASH)
    played.erased("flash", START + 10 * SECOND)
    played.click(at=START + 10 * SECOND)


def test_void_after_a_step_loses_the_unit() -> None:
    before, after = Played(FLASH), Played(FLASH)
    for played, at in ((before, START + SECOND), (after, START + 10 * SECOND)):
        played.click("flash", 9)
        played.replay.void([1], text(at))
        played.click("flash", 9, at=at)
    before.click("flash", 9, at=START + 10 * SECOND)
    for played in (before, after):
        played.click(at=START + 10 * SECOND)


def test_codes_are_the_stock_and_a_void_returns_none() -> None:
    hunt = offering(replace(GOLD, stock=None, codes=True))
    played = Played(hunt, {"gold": 1})
    played.click("gold", 9)
    played.replay.void([1], text(START))
    played.click(sold_out="gold")
    played.change(hunt, START, {"gold": 2})
    played.click("gold", 9)
    Played(hunt).click(sold_out="gold")


def test_version_before_draws_for_a_while_after_a_change() -> None:
    changed = START + 60 * SECOND
    played = Played(PLAIN)
    played.change(offering(replace(COIN, points=6)), changed)
    played.change(offering(replace(GOLD, stock=None)), changed + SECOND)
    for points in (5, 6):
        played.click("coin", points, at=changed + OVERLAP)
        played.click("gold", 9, at=changed + OVERLAP)
    played.click("coin", 6, at=changed + SECOND + OVERLAP)
    later = changed + OVERLAP + timedelta(microseconds=1)
    with pytest.raises(ProofError, match="give gold with 9 points, and the log has coin with 5"):
        played.click("coin", 5, at=later)
    with pytest.raises(ProofError, match="give gold with 9 points, and the log has coin with 6"):
        played.click("coin", 6, at=later + SECOND)


def test_overflow_has_the_points_of_the_version_in_force() -> None:
    gold, coin = replace(GOLD, stock=0, overflow="coin"), replace(COIN, odds=0.0)
    played = Played(offering(gold, coin))
    played.click("coin", 5)
    played.change(offering(replace(gold, odds=0.0), replace(coin, points=6)), START + SECOND)
    played.click("coin", 6, at=START + SECOND)
    with pytest.raises(ProofError, match="give nothing, and the log has coin with 5 points"):
        played.click("coin", 5, at=START + SECOND)


def test_changed_limits_count_earlier_rows() -> None:
    played = Played(PLAIN)
    played.click("coin", 5)
    played.change(offering(), START)
    played.click(player="bob", at=START + OVERLAP + SECOND)
    played.change(offering(COIN, max_wins=Quota(1, "hunt")), START + 30 * SECOND)
    played.click(at=START + 60 * SECOND)
    played.click("coin", 5, player="bob", at=START + 60 * SECOND)
    played.change(offering(COIN, attempts=Quota(3, "hunt")), START + 90 * SECOND)
    played.click("coin", 5, at=START + 120 * SECOND)
    with pytest.raises(ProofError, match="counts against a limit"):
        played.click("coin", 5, at=START + 120 * SECOND)


UNIFORM = Draws(SEED).uniform(click_id(1), "ada")


@pytest.mark.parametrize(
    ("odds", "accepted"),
    [
        (UNIFORM, {"coin", None}),
        (UNIFORM - ROUNDING / 2, {"coin", None}),
        (UNIFORM + ROUNDING / 2, {"coin", None}),
        (UNIFORM - 2 * ROUNDING, {None}),
        (UNIFORM + 2 * ROUNDING, {"coin"}),
    ],
)
def test_both_draws_are_accepted_at_the_edge_of_the_odds(
    odds: float, accepted: set[str | None]
) -> None:
    for prize, points in (("coin", 5), (None, 0)):
        played = Played(offering(replace(COIN, odds=odds)))
        if prize in accepted:
            played.click(prize, points)
        else:
            with pytest.raises(ProofError):
                played.click(prize, points)


MAPS = {
    "degrees": Map(-170.0, -80.0, 170.0, 80.0, "degrees"),
    "plane": Map(-170.0, -80.0, 170.0, 80.0, "plane"),
}
CENTRE = (13.4, 52.5)
PLACES = {"north": (13.4, 52.6), "east": (13.5, 52.5), "both": (13.5, 52.6)}

#: A first prize far away, whose edge is not near.
FAR = Prize(
    "far", "Far", 3, Area(1.0, (0.0, 0.0), 1.0), None, None, first=True, release=(Step(START, 9),)
)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("size", [1 - ROUNDING / 4, 1.0, 1 + ROUNDING / 4])
@pytest.mark.parametrize("direction", PLACES)
@pytest.mark.parametrize("unit", MAPS)
def test_both_sides_of_the_edge_of_an_area_are_accepted(
    unit: str, direction: str, size: float, first: bool
) -> None:
    on, place = MAPS[unit], PLACES[direction]
    area = Area(1.0, CENTRE, on.distance(CENTRE, place) * size)
    find = replace(FAR, id="find", odds=area, points=5)
    if not first:
        find = replace(find, first=False, release=None)
    hunt = offering(FAR, find, map=on)
    for prize, points in (("find", 5), (None, 0)):
        Played(hunt).click(prize, points, place=place)
    with pytest.raises(ProofError, match="give find with 5 points, and the log has nothing"):
        Played(hunt).click(place=CENTRE)
    with pytest.raises(ProofError, match="give nothing, and the log has find with 5 points"):
        Played(hunt).click("find", 5, place=(place[0] * 2 - CENTRE[0], place[1] * 2 - CENTRE[1]))


@pytest.mark.parametrize("unit", MAPS)
@pytest.mark.parametrize("size", [1 - 2 * ROUNDING, 1 + 2 * ROUNDING])
def test_edge_of_an_area_is_no_wider_than_rounding(unit: str, size: float) -> None:
    on, place = MAPS[unit], PLACES["both"]
    area = Area(1.0, CENTRE, on.distance(CENTRE, place) * size)
    hunt = offering(replace(COIN, odds=area), map=on)
    wrong = (None, 0) if size > 1 else ("coin", 5)
    with pytest.raises(ProofError):
        Played(hunt).click(*wrong, place=place)


def test_odds_add_up_at_the_edge_of_an_area() -> None:
    on, place = MAPS["degrees"], PLACES["both"]
    draws = Draws(SEED)
    number = next(n for n in range(1, 100) if 0.7 < draws.uniform(click_id(n), "ada") < 0.9)
    area = Area(0.5, CENTRE, on.distance(CENTRE, place) * (1 - ROUNDING / 4))
    hunt = offering(FAR, replace(COIN, odds=0.5), replace(GOLD, odds=area), map=on)
    for prize, points in (("gold", 9), (None, 0)):
        Played(hunt).click(prize, points, place=place, number=number)


def test_area_around_the_edge_of_another_is_certain() -> None:
    on, place = MAPS["plane"], PLACES["both"]
    distance = on.distance(CENTRE, place)
    edge = replace(FAR, odds=Area(1.0, CENTRE, distance))
    hunt = offering(edge, replace(COIN, odds=Area(1.0, CENTRE, distance * 1.25)), map=on)
    for prize, points in (("far", 3), ("coin", 5)):
        Played(hunt).click(prize, points, place=place)
    with pytest.raises(ProofError):
        Played(hunt).click(place=place)


def test_speed_limit_allows_for_rounding() -> None:
    on, place = MAPS["degrees"], PLACES["both"]
    metres = on.distance(CENTRE, place)

    def walk(speed: float) -> None:
        played = Played(offering(map=on, max_speed=speed))
        played.click(place=CENTRE)
        played.click(place=place, at=START + SECOND)

    walk(metres * (1 - ROUNDING / 2))
    with pytest.raises(ProofError, match="counts against a limit"):
        walk(metres * (1 - 4 * ROUNDING))
