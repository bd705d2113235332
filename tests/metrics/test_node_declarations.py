from __future__ import annotations

from hunt.metrics.exposition import render
from hunt.metrics.metric import read
from hunt.metrics.node_declarations import NODE_METRICS, NodeCounts


def test_node_metrics_are_exposed_with_help_and_labels() -> None:
    counts = NodeCounts(workers={"able": 1, "unable": 2}, ends={"failed": 3}, restarts={"crash": 4})
    lines = render(read(NODE_METRICS, counts)).decode().splitlines()
    assert [each for each in lines if not each.startswith("#")] == [
        'hunt_workers{state="able"} 1.0',
        'hunt_workers{state="unable"} 2.0',
        'hunt_worker_ends_total{how="failed"} 3.0',
        'hunt_worker_restarts_total{reason="crash"} 4.0',
    ]
    helps = [each for each in lines if each.startswith("# HELP")]
    assert len(helps) == len(NODE_METRICS)
    assert all(each.endswith(". Unit: processes.") for each in helps)
