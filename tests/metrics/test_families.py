from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hunt.metrics.families import Family, Rule, Sample, Totals, fold

SECONDS = "hunt_click_seconds_sum"


def counter(value: float) -> Family:
    samples = [Sample("clicks_total", (), value)]
    return Family(name="clicks", kind="counter", text="", rule="sum", samples=samples)


def seconds(value: float) -> Family:
    samples = [Sample(SECONDS, (), value)]
    return Family(name="click_seconds", kind="histogram", text="", rule="sum", samples=samples)


def gauge(value: float, rule: Rule) -> Family:
    return Family(name=rule, kind="gauge", text="", rule=rule, samples=[Sample(rule, (), value)])


def values(families: list[Family]) -> dict[str, float]:
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_gauge_is_aggregated_by_its_rule() -> None:
    rules: list[Rule] = ["sum", "mean", "greatest", "earliest"]
    pages = [[gauge(value, rule) for rule in rules] for value in (1.0, 2.0, 6.0)]
    assert values(fold(pages)) == {"sum": 9.0, "mean": 3.0, "greatest": 6.0, "earliest": 1.0}


def test_counter_is_summed_over_running_and_ended_workers() -> None:
    def clicks(won: float) -> list[Family]:
        samples = [Sample("clicks_total", (("hunt", "harbour"), ("outcome", "won")), won)]
        return [Family(name="clicks", kind="counter", text="", rule="sum", samples=samples)]

    totals = Totals()
    totals.take(1, [*clicks(3), seconds(1.0)])
    totals.take(2, clicks(4))
    totals.end(1)
    totals.take(2, clicks(5))
    assert totals.summed("clicks") == {("harbour", "won"): 8}
    assert totals.summed("points") == {}


def test_counters_of_an_ended_worker_are_kept() -> None:
    totals = Totals()
    totals.take(1, [counter(29)])
    totals.take(2, [counter(31)])
    assert values(totals.total([1, 2]))["clicks_total"] == 60
    totals.end(2)
    totals.take(3, [counter(1)])
    assert values(totals.total([1, 3]))["clicks_total"] == 61


def test_gauges_of_an_ended_worker_are_dropped() -> None:
    totals = Totals()
    totals.take(1, [counter(1), gauge(5, "sum")])
    totals.take(2, [counter(1), gauge(7, "sum")])
    totals.end(1)
    assert values(totals.total([1, 2]))["sum"] == 7


def test_gauges_of_a_silent_worker_are_left_out() -> None:
    totals = Totals()
    totals.take(1, [counter(1), gauge(5, "sum")])
    totals.take(2, [counter(1), gauge(7, "sum")])
    found = values(totals.total([2]))
    assert found["sum"] == 7
    assert found["clicks_total"] == 2


def test_report_without_gauges_keeps_the_last_gauges() -> None:
    totals = Totals()
    totals.take(1, [counter(1), gauge(5, "sum")])
    totals.take(1, [counter(2)])
    assert values(totals.total([1])) == {"clicks_total": 2, "sum": 5}


def test_start_time_is_that_of_the_first_worker() -> None:
    totals = Totals()
    totals.take(1, [counter(1), gauge(90.0, "earliest")])
    totals.end(1)
    totals.take(2, [counter(1), gauge(190.0, "earliest")])
    found = values(totals.total([2]))
    assert found["earliest"] == 90.0


def test_exposed_sums_rise_independently() -> None:
    totals = Totals()
    totals.take(1, [counter(5), seconds(9)])
    assert values(totals.total([])) == {"clicks_total": 5, SECONDS: 9}
    totals.take(1, [counter(6), seconds(3)])
    assert values(totals.total([])) == {"clicks_total": 6, SECONDS: 9}


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0, 1e6), st.sampled_from(["take", "end"])),
        min_size=2,
        max_size=40,
    )
)
def test_exposed_sum_never_falls(steps: list[tuple[int, float, str]]) -> None:
    totals, counted = Totals(), dict.fromkeys(range(4), 0.0)
    exposed = 0.0
    for worker, more, step in steps:
        if step == "end":
            totals.end(worker)
            counted[worker] = 0.0
        else:
            counted[worker] += more
            totals.take(worker, [seconds(counted[worker])])
        now = values(totals.total([])).get(SECONDS, 0.0)
        assert now >= exposed
        exposed = now


def test_order_of_additions_does_not_lower_a_sum() -> None:
    totals = Totals()
    for worker, value in ((1, 0.1), (2, 0.2), (3, 0.3)):
        totals.take(worker, [seconds(value)])
    before = values(totals.total([]))[SECONDS]
    for worker in (3, 2, 1):
        totals.end(worker)
        assert values(totals.total([]))[SECONDS] >= before
