from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.definition import Definition, Even, Moments, Prize, Step
from hunt.core.maps import Map
from hunt.core.schedule import MOST_COUNT, NewEntry, problems, released
from hunt.errors import DefinitionError, WrongState

AT = datetime(2026, 12, 1, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COIN = Prize("coin", "Coin", 5, 0.5, 7, None)
HARBOUR = Definition(
    "harbour", "Harbour", Map.sized(100, 100), AT - MINUTE, AT + 9 * MINUTE, 0.0, (COIN,)
)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"action": "open", "at": datetime(2026, 12, 1)}, "at"),
        ({"action": "open", "text": "x"}, "text"),
        ({"action": "announce", "text": " "}, "text"),
        ({"action": "release", "count": 1}, "prize"),
        ({"action": "release", "prize": "NO", "count": 1}, "prize"),
        ({"action": "release", "prize": "coin"}, "count"),
        ({"action": "release", "prize": "coin", "count": 0}, "count"),
        ({"action": "release", "prize": "coin", "count": MOST_COUNT + 1}, "count"),
        ({"action": "close", "prize": "coin"}, "prize"),
        ({"action": "close", "count": 1}, "count"),
        ({"action": "open", "within": 0}, "within"),
        ({"action": "open", "within": 1e300}, "within"),
    ],
    ids=str,
)
def test_wrong_field_is_named(fields: dict[str, object], wrong: str) -> None:
    assert list(problems(NewEntry(**({"at": AT} | fields)))) == [wrong]  # type: ignore[arg-type]


def test_right_entries_have_no_problems() -> None:
    for entry in (
        NewEntry(at=AT, action="open", within=60),
        NewEntry(at=AT, action="announce", text="Soon."),
        NewEntry(at=AT, action="announce"),
        NewEntry(at=AT, action="release", prize="coin", count=1),
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
    "definition",
    [
        with_prize(id="chest"),
        with_prize(stock=None),
        with_prize(stock=None, codes=True),
        with_prize(release=Even()),
        with_prize(release=Moments(3)),
    ],
    ids=["unknown", "no limit", "codes", "even", "moments"],
)
def test_release_without_a_limit_to_raise_is_refused(definition: Definition) -> None:
    with pytest.raises(WrongState):
        released(definition, "coin", 3, AT)


def test_release_beyond_the_largest_stock_is_refused() -> None:
    with pytest.raises(DefinitionError):
        released(HARBOUR, "coin", MOST_COUNT, AT)
