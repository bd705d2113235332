from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from hunt.errors import OutcomeUnknown
from hunt.service.metrics import Metrics
from hunt.web.summing import merged


def page(*, clicks: int, ratio: float, oldest: float) -> bytes:
    metrics = Metrics(version="9")
    for _ in range(clicks):
        metrics.refused("harbour", OutcomeUnknown(), 0.003)
    metrics.watch("hunt_event_loop_utilization_ratio", "", lambda: ratio)
    metrics.watch("hunt_queue_oldest_seconds", "", lambda: oldest)
    metrics.watch_labelled("hunt_pool_connections", "", "state", lambda: {"idle": 3.0})
    return metrics.render()


def test_counters_are_added_and_states_compared() -> None:
    pages = [page(clicks=2, ratio=0.2, oldest=1), page(clicks=3, ratio=0.4, oldest=7)]
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(merged(pages).decode())
        for sample in family.samples
    }
    assert found["hunt_clicks_total", "harbour", "unknown"] == 5
    assert found["hunt_click_seconds_bucket", "0.005"] == 5
    assert found["hunt_click_seconds_bucket", "0.002"] == 0
    assert found["hunt_click_seconds_count",] == 5
    assert round(found["hunt_event_loop_utilization_ratio",], 9) == 0.3
    assert found["hunt_queue_oldest_seconds",] == 7
    assert found["hunt_pool_connections", "idle"] == 6
    assert found["hunt_build_info", "9"] == 1


def test_one_page_stays_the_same_page() -> None:
    one = page(clicks=1, ratio=0.5, oldest=0)

    def samples(text: bytes) -> set[str]:
        return {line for line in text.decode().splitlines() if line[:1] != "#"}

    assert samples(merged([one])) == samples(one)
