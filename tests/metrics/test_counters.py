from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.metrics.counters import Histogram, LabelledCounter, quantile
from hunt.metrics.recorder import SECONDS


@given(st.lists(st.sampled_from((0.0, 0.001, 0.0011, 0.5, 5.0, 9.0))))
def test_many_values_are_counted_as_one_by_one(values: list[float]) -> None:
    singly, together = Histogram(SECONDS), Histogram(SECONDS)
    for value in values:
        singly.observe(value)
    together.observe_all(list(values))
    assert together.counts() == singly.counts()
    assert together.total == pytest.approx(singly.total)


def test_cumulative_counts_end_with_all_values() -> None:
    histogram = Histogram((1, 2))
    for value in (1, 1.5, 9):
        histogram.observe(value)
    assert list(histogram.cumulative()) == [(1, 1), (2, 2), (float("inf"), 3)]


def test_labelled_counter_sums_up_by_its_second_label() -> None:
    counter = LabelledCounter()
    counter.add("harbour", "won", 3)
    counter.add("lake", "won")
    assert counter.counts == {("harbour", "won"): 3, ("lake", "won"): 1}
    assert counter.totals == {"won": 4}


def test_quantile_is_interpolated_within_a_bucket() -> None:
    histogram = Histogram(SECONDS)
    assert quantile(SECONDS, histogram.counts(), 0.5) is None
    histogram.observe_all([0.001] * 1000)
    since = histogram.counts()
    histogram.observe_all([0.015] * 10)
    assert quantile(SECONDS, histogram.counts_since(since), 0.5) == pytest.approx(0.015)
    assert quantile(SECONDS, histogram.counts_since(since), 1.0) == pytest.approx(0.02)
    histogram.observe_all([60.0] * 90)
    assert quantile(SECONDS, histogram.counts_since(since), 0.99) == 5.0, "no bound above"
