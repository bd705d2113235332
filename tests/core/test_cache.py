from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hunt.core.cache import Cache


def cache(limit: int = 100) -> Cache[str, int]:
    return Cache(limit, lambda _, value: value)


def test_unused_entry_is_evicted_after_two_rotations() -> None:
    known = cache()
    known.put("used", 1)
    known.put("unused", 1)
    for _ in range(3):
        known.rotate()
        assert known.get("used") == 1
    assert known.get("unused") is None
    for _ in range(2):
        known.rotate()
    assert len(known) == 0


def test_used_entry_survives_flood() -> None:
    known = cache()
    known.put("used", 1)
    for number in range(1000):
        known.put(str(number), 7)
        assert known.get("used") == 1


def test_large_entry_is_not_cached() -> None:
    known = cache()
    known.put("small", 25)
    known.put("large", 26)
    assert (known.get("small"), known.get("large")) == (25, None)
    known.put("small", 26)
    assert known.get("small") is None, "the old value would be a wrong one"


def test_entries_up_to_the_limit_are_kept() -> None:
    known = cache(101)  # each generation holds 50
    for number in range(4):
        known.put(str(number), 25)
    assert [known.get(str(number)) for number in (2, 3)] == [25, 25]
    known.put("more", 1)
    assert [known.get(str(number)) for number in range(4)] == [None, None, 25, 25]
    odd = cache(102)  # the largest entry is a quarter, rounded down
    odd.put("large", 26)
    assert odd.get("large") is None


def test_new_value_replaces_an_old_one_in_both_generations() -> None:
    known = cache()
    known.put("a", 1)
    known.rotate()
    known.put("a", 2)
    assert (len(known), known.get("a")) == (1, 2)
    known.rotate()
    known.rotate()
    assert known.get("a") is None


def test_keep_evicts_from_both_generations() -> None:
    known = cache()
    for value in (1, 2):
        known.put(f"old {value}", value)
    known.rotate()
    for value in (1, 2):
        known.put(f"young {value}", value)
    known.keep(lambda value: value == 2)
    found = [known.get(f"{age} {value}") for age in ("old", "young") for value in (1, 2)]
    assert found == [None, 2, None, 2]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 30), st.booleans())))
def test_size_never_exceeds_limit(steps: list[tuple[str, int, bool]]) -> None:
    known, last = cache(), dict[str, int]()
    for key, value, put in steps:
        if put and value:
            known.put(key, value)
            last[key] = value
        elif not value:
            known.rotate()
        assert known.get(key) in {None, last.get(key)}
        assert sum(known._young.values()) + sum(known._old.values()) <= 100
        assert sum(known._young.values()) == known._bytes
