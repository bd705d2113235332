from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from hunt.errors import OutcomeUnknown
from hunt.metrics import exposition
from hunt.metrics.families import Family, fold
from tests.support.process import Process
from tests.support.serving import serving


def families(*, clicks: int, oldest: float = 0.0) -> list[Family]:
    process = Process()
    for _ in range(clicks):
        process.recorder.refused("harbour", OutcomeUnknown(), 0.003)
    process.lanes.oldest = lambda: oldest  # type: ignore[method-assign]
    process.sources.meter.utilization = lambda: oldest / 10  # type: ignore[method-assign]
    return process.registry.families(gauges=True)


def values(page: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


async def test_families_of_two_workers_become_one_page() -> None:
    pages = [families(clicks=2, oldest=1), families(clicks=3, oldest=7)]
    found = values(exposition.render(fold(pages)))
    assert found["hunt_clicks_total", "harbour", "unknown"] == 5
    assert found["hunt_click_seconds_bucket", "0.005"] == 5
    assert found["hunt_click_seconds_bucket", "0.002"] == 0
    assert found["hunt_click_seconds_count",] == 5
    assert round(found["hunt_event_loop_utilization_ratio",], 9) == 0.4
    assert found["hunt_queue_oldest_seconds",] == 7
    assert found["hunt_pool_connections", "idle"] == 4
    assert found["hunt_build_info", "9"] == 1


async def test_process_label_is_added_to_every_sample() -> None:
    page = exposition.labelled(families(clicks=1), 4711).decode()
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    assert lines
    assert all('process="4711"' in line for line in lines)


async def test_breaker_states_of_a_node_count_its_workers(database: str) -> None:
    async with serving(database) as client:
        registry, breaker = client.engine.telemetry.registry, client.engine.commits.breaker
        closed = registry.families(gauges=True)
        breaker.force("open")
        opened = registry.families(gauges=True)
        for pages, expected in (
            ([closed], {"closed": 1, "open": 0, "half-open": 0}),
            ([closed, opened], {"closed": 1, "open": 1, "half-open": 0}),
            ([opened, closed, opened], {"closed": 1, "open": 2, "half-open": 0}),
        ):
            [states] = [each for each in fold(pages) if each.name == "hunt_breaker_state"]
            assert {dict(each.labels)["state"]: each.value for each in states.samples} == expected
