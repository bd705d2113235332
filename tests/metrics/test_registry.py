from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import pytest

from hunt.core.definition import Prize
from hunt.core.events import Reward, Settlement
from hunt.errors import OutcomeUnknown
from hunt.metrics.declarations import METRICS
from hunt.metrics.metric import Metric, read
from hunt.metrics.registry import Registry
from hunt.metrics.sources import Sources
from tests.support.hunts import NOTHING, SURE, hunt
from tests.support.process import Process

WON = Settlement(Reward(1, "", "", "coin", 1, ""), False)

#: Name of the counter of CPU time.
CPU = "process_cpu_seconds"


class Connections:
    count, evicted = 3, 2
    refused = {"total": 1, "address": 0}  # ruff: ignore[mutable-class-default]


async def test_rendered_page_has_every_recorded_number() -> None:
    process = Process(Connections())
    recorder = process.recorder
    recorder.refused("harbour", OutcomeUnknown(), 0.003)
    recorder.settled("harbour", [WON] * 6, [0.1] * 6)
    recorder.awarded("harbour", 12)
    recorder.awarded("harbour", 0)
    recorder.requests["/v1/hunts", HTTPStatus.OK] += 1
    recorder.requests["/v1/hunts", 200] += 1
    recorder.committed(rows=3, seconds=0.004)
    recorder.breaker_changed("open")
    recorder.delivered(0.001)
    recorder.limited("click", "address")
    for _ in range(2):
        recorder.cut_off()
    recorder.bus_lag(0.5)
    process.faults.add("pool", {"connect": 4, "busy": 0})
    process.faults.add("engine", {"hunts": 1})
    process.faults.add("engine", {"resume": 2})
    lines = process.registry.render().decode().splitlines()
    for line in (
        'hunt_clicks_total{hunt="harbour",outcome="unknown"} 1.0',
        'hunt_clicks_total{hunt="harbour",outcome="won"} 6.0',
        'hunt_points_total{hunt="harbour"} 12.0',
        'hunt_requests_total{route="/v1/hunts",status="200"} 2.0',
        "hunt_click_seconds_count 7.0",
        "hunt_batch_rows_sum 3.0",
        'hunt_batch_rows_bucket{le="+Inf"} 1.0',
        'hunt_batch_rows_bucket{le="1.0"} 0.0',
        "hunt_batch_rows_count 1.0",
        "hunt_batch_latency_average_seconds 0.004",
        "hunt_batch_latency_max_seconds 0.004",
        'hunt_breaker_transitions_total{state="open"} 1.0',
        'hunt_limited_total{by="address",limit="click"} 1.0',
        "hunt_slow_subscribers_total 2.0",
        "hunt_bus_lag_seconds 0.5",
        "hunt_connections 3.0",
        "hunt_connections_evicted_total 2.0",
        'hunt_connections_refused_total{limit="total"} 1.0',
        'hunt_pool_connections{state="idle"} 2.0',
        'hunt_build_info{version="9"} 1.0',
        'hunt_faults_total{kind="connect",where="pool"} 4.0',
        'hunt_faults_total{kind="busy",where="pool"} 0.0',
        'hunt_faults_total{kind="hunts",where="engine"} 1.0',
        'hunt_faults_total{kind="resume",where="engine"} 2.0',
        "# HELP hunt_batch_rows Clicks that one commit made durable. Unit: clicks.",
        "# TYPE hunt_clicks_total counter",
    ):
        assert line in lines


async def test_stock_is_that_of_hunts_that_run() -> None:
    process = Process()
    stocked = Prize("chest", "Chest", 9, 0.5, 40, None)
    for number, state in enumerate(("draft", "open", "paused", "closed")):
        definition = replace(NOTHING, id=f"h{number}", prizes=(SURE, stocked))
        process.hunts[definition.id] = replace(
            hunt(definition, state), stock_left={"chest": number}
        )
    lines = process.registry.render().decode().splitlines()
    assert [each for each in lines if each.startswith("hunt_prize_stock")] == [
        'hunt_prize_stock{hunt="h1",prize="chest"} 40.0',
        'hunt_prize_stock{hunt="h2",prize="chest"} 40.0',
        'hunt_prize_stock_left{hunt="h1",prize="chest"} 1.0',
        'hunt_prize_stock_left{hunt="h2",prize="chest"} 2.0',
    ]


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.name)
async def test_help_explains_the_metric_and_names_its_unit(metric: Metric[Sources]) -> None:
    [family] = read([metric], Process(Connections()).sources)
    assert family.text.endswith(f". Unit: {metric.unit}.")
    assert len(metric.help.split()) >= 6, "it says more than the name"


async def test_every_declared_metric_is_exposed_once() -> None:
    names = [each.name for each in Process(Connections()).registry.families(gauges=True)]
    assert len(names) == len(set(names))
    assert {each.name for each in METRICS} <= set(names)


async def test_process_without_listening_sockets_exposes_no_connections() -> None:
    names = {each.name for each in Process().registry.families(gauges=True)}
    assert not any(name.startswith("hunt_connections") for name in names)


async def test_report_without_gauges_has_lasting_families_only() -> None:
    families = Process().registry.families(gauges=False)
    assert all(each.lasting for each in families)
    assert {"hunt_clicks", "process_start_time_seconds"} <= {each.name for each in families}


async def test_report_without_gauges_lists_no_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Process().registry
    [before] = [each for each in registry.families(gauges=True) if each.name == CPU]

    def listed(path: str) -> list[str]:
        raise AssertionError(f"{path} may have thousands of entries")

    monkeypatch.setattr("os.listdir", listed)
    [now] = [each for each in registry.families(gauges=False) if each.name == CPU]
    monkeypatch.undo()
    [after] = [each for each in registry.families(gauges=True) if each.name == CPU]
    assert (now.kind, now.text, now.rule) == (before.kind, before.text, before.rule)
    assert [each.name for each in now.samples] == [each.name for each in before.samples]
    values = [each.samples[0].value for each in (before, now, after)]
    assert values == sorted(values), "a counter does not fall"


@pytest.mark.parametrize("kind", ["counter", "gauge"])
async def test_declaration_is_enough_for_a_new_metric(kind: str) -> None:
    metric = Metric("hunt_new", kind, "things", "New.", lambda _: 7)  # type: ignore[arg-type]
    page = Registry(Process().sources, [metric]).render().decode()
    assert f"hunt_new{'_total' if kind == 'counter' else ''} 7.0" in page.splitlines()
