from __future__ import annotations

from tests.support.serving import serving
from tests.support.words import has_word


async def test_metrics_have_the_documented_names(database: str) -> None:
    async with serving(database) as client:
        await client.click()
        text = (await client.get("/metrics")).text
    for name in (
        'hunt_clicks_total{hunt="harbour",outcome="won"} 1.0', "hunt_click_seconds_bucket",
        "hunt_batch_commit_seconds_count 1.0", "hunt_batch_rows_sum 1.0",
        "hunt_batch_latency_average_seconds", "hunt_batch_latency_max_seconds",
        "hunt_event_loop_utilization_ratio", "hunt_event_loop_idle_ratio", "hunt_breaker_state",
        "hunt_breaker_transitions", "hunt_queue_clicks", "hunt_queue_oldest_seconds",
        "hunt_subscribers", "hunt_delivery_seconds", "hunt_slow_subscribers_total",
        "hunt_pool_connections", "hunt_bus_lag_seconds", "hunt_connections", "hunt_build_info",
        'hunt_commit_failures_total{kind="timeout"} 0.0', "hunt_commit_retries_total 0.0",
        "hunt_tail_reads_total", 'hunt_faults_total{kind="connect",where="pool"} 0.0',
        '{kind="lost",where="listener"}', '{kind="contained",where="connection"}',
        '{kind="resume",where="engine"}', '{kind="timeout",where="probe"}',
        '{kind="read",where="tail"}',
    ):  # fmt: skip
        assert name in text
    assert not has_word(text, "ada")
