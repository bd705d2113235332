from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core import announcements
from hunt.core.definition import Definition, Even, Moments, Prize, Step
from hunt.core.maps import Map
from hunt.core.schedule import MOST_COUNT, MOST_WITHIN, NewEntry, problems, released
from hunt.errors import DefinitionError, WrongState

AT = datetime(2026, 12, 1, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COIN = Prize("coin", "Coin", 5, 0.5, 7, None)
HARBOUR = Definition(
    "harbour", "Harbour", Map.sized(100, 100), AT - MINUTE, AT + 9 * MINUTE, 0.0, (COIN,)
)


NO_PRIZE = {"prize": "must be the id of a prize, 1 to 64 lower-case letters, digits or hyphens"}
NO_COUNT = {"count": "must be a whole number from 1 to 2147483647"}
NO_RELEASE = "belongs to the action release"
NO_TIME = {"within": "must be a number of seconds over 0, at most 31622400"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"action": "open", "at": datetime(2026, 12, 1)},
         {"at": "must have an offset, as in 2026-12-01T18:00:00Z"}),
        ({"action": "open", "text": "x"}, {"text": "belongs to the action announce"}),
        ({"action": "announce", "text": " "}, {"text": announcements.wrong(" ")}),
        ({"action": "release", "count": 1}, NO_PRIZE),
        ({"action": "release", "prize": "NO", "count": 1}, NO_PRIZE),
        ({"action": "release", "prize": "coin"}, NO_COUNT),
        ({"action": "release", "prize": "coin", "count": 0}, NO_COUNT),
        ({"action": "release", "prize": "coin", "count": MOST_COUNT + 1}, NO_COUNT),
        ({"action": "close", "prize": "coin"}, {"prize": NO_RELEASE}),
        ({"action": "close", "count": 1}, {"count": NO_RELEASE}),
        ({"action": "open", "within": 0}, NO_TIME),
        ({"action": "open", "within": MOST_WITHIN + 1}, NO_TIME),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_field_is_named(fields: dict[str, object], wrong: dict[str, str]) -> None:
    assert problems(NewEntry(**({"at": AT} | fields))) == wrong  # type: ignore[arg-type]


def test_right_entries_have_no_problems() -> None:
    for entry in (
        NewEntry(at=AT, action="open", within=0.5),
        NewEntry(at=AT, action="open", within=MOST_WITHIN),
        NewEntry(at=AT, action="announce", text="Soon."),
        NewEntry(at=AT, action="announce"),
        NewEntry(at=AT, action="release", prize="coin", count=1),
        NewEntry(at=AT, action="release", prize="coin", count=MOST_COUNT),
    ):
        assert problems(entry) == {}


def with_prize(**changes: object) -> Definition:
    return replace(HARBOUR, prizes=(replace(COIN, **changes),))  # type: ignore[arg-type]


def test_release_raises_the_stock() -> None:
    assert released(HARBOUR, "coin", 3, AT) == with_prize(stock=10)


@pytest.mark.parametrize(
    ("stock", "stock_after"), [(None, None), (12, 12), (10, 11)], ids=["none", "enough", "short"]
)
def test_release_adds_a_step_and_raises_later_ones(
    stock: int | None, stock_after: int | None
) -> None:
    plan = (Step(AT - MINUTE, 5), Step(AT + MINUTE, 8))
    after = (Step(AT - MINUTE, 5), Step(AT, 8), Step(AT + MINUTE, 11))
    found = released(with_prize(stock=stock, release=plan), "coin", 3, AT)
    assert found == with_prize(stock=stock_after, release=after)


def test_release_replaces_a_step_at_the_same_time_and_may_be_the_first() -> None:
    same = with_prize(stock=None, release=(Step(AT, 5),))
    assert released(same, "coin", 3, AT) == with_prize(stock=None, release=(Step(AT, 8),))
    later = with_prize(stock=None, release=(Step(AT + MINUTE, 5),))
    after = with_prize(stock=None, release=(Step(AT, 3), Step(AT + MINUTE, 8)))
    assert released(later, "coin", 3, AT) == after


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        (with_prize(id="chest"), "there is no prize 'coin'"),
        (with_prize(stock=None), "prize 'coin' has no limit that a release could raise"),
        (
            with_prize(stock=None, codes=True),
            "the stock of prize 'coin' are its codes: load more codes",
        ),
        (with_prize(release=Even()), "prize 'coin' is released by a plan over time"),
        (with_prize(release=Moments(3)), "prize 'coin' is released by a plan over time"),
    ],
    ids=["unknown", "no limit", "codes", "even", "moments"],
)
def test_release_without_a_limit_to_raise_is_refused(definition: Definition, problem: str) -> None:
    with pytest.raises(WrongState) as refused:
        released(definition, "coin", 3, AT)
    assert str(refused.value) == problem


def test_release_leaves_other_prizes_alone() -> None:
    others = (replace(COIN, id="a", odds=0.1), replace(COIN, id="b", odds=0.1))
    found = released(replace(HARBOUR, prizes=(others[0], COIN, others[1])), "coin", 3, AT)
    assert found.prizes == (others[0], replace(COIN, stock=10), others[1])


def test_release_beyond_the_largest_stock_is_refused() -> None:
    with pytest.raises(DefinitionError):
        released(HARBOUR, "coin", MOST_COUNT, AT)
