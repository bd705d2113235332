from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from hunt.errors import OutcomeUnknown
from hunt.metrics import exposition
from hunt.metrics.families import fold
from hunt.metrics.registry import Metrics
from tests.support.serving import serving


def metrics(*, clicks: int, ratio: float = 0.0, oldest: float = 0.0) -> Metrics:
    made = Metrics(version="9")
    for _ in range(clicks):
        made.refused("harbour", OutcomeUnknown(), 0.003)
    made.watch("hunt_event_loop_utilization_ratio", "", lambda: ratio, rule="mean")
    made.watch("hunt_queue_oldest_seconds", "", lambda: oldest, rule="greatest")
    made.watch_labelled("hunt_pool_connections", "", "state", lambda: {"idle": 3.0}, rule="sum")
    return made


def values(page: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_families_of_two_workers_become_one_page() -> None:
    pages = [
        metrics(clicks=2, ratio=0.2, oldest=1).families(gauges=True),
        metrics(clicks=3, ratio=0.4, oldest=7).families(gauges=True),
    ]
    found = values(exposition.render(fold(pages)))
    assert found["hunt_clicks_total", "harbour", "unknown"] == 5
    assert found["hunt_click_seconds_bucket", "0.005"] == 5
    assert found["hunt_click_seconds_bucket", "0.002"] == 0
    assert found["hunt_click_seconds_count",] == 5
    assert round(found["hunt_event_loop_utilization_ratio",], 9) == 0.3
    assert found["hunt_queue_oldest_seconds",] == 7
    assert found["hunt_pool_connections", "idle"] == 6
    assert found["hunt_build_info", "9"] == 1


def test_families_carry_all_that_the_process_itself_shows() -> None:
    made = metrics(clicks=1)
    shown = values(made.render())
    carried = values(exposition.render(made.families(gauges=True)))
    moving = {each for each in shown if each[0].startswith("process_")}
    assert {each: value for each, value in carried.items() if each not in moving} == {
        each: value for each, value in shown.items() if each not in moving
    }
    assert moving <= set(carried)


def test_process_label_is_added_to_every_sample() -> None:
    made = metrics(clicks=1)
    page = exposition.labelled(made.families(gauges=True), 4711).decode()
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    assert lines
    assert all('process="4711"' in line for line in lines)


async def test_breaker_states_of_a_node_count_its_workers(database: str) -> None:
    async with serving(database) as client:
        metrics, breaker = client.engine.metrics, client.engine.breaker
        closed = metrics.families(gauges=True)
        breaker.force("open")
        opened = metrics.families(gauges=True)
        for pages, expected in (
            ([closed], {"closed": 1, "open": 0, "half-open": 0}),
            ([closed, opened], {"closed": 1, "open": 1, "half-open": 0}),
            ([opened, closed, opened], {"closed": 1, "open": 2, "half-open": 0}),
        ):
            [states] = [each for each in fold(pages) if each.name == "hunt_breaker_state"]
            assert {dict(each.labels)["state"]: each.value for each in states.samples} == expected
