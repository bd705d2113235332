from __future__ import annotations

import pytest
from msgspec.structs import replace
from trio.testing import MockClock

from hunt.core.events import Reward, Settlement
from hunt.metrics.node_samples import history, together
from hunt.metrics.sampler import Sample
from tests.support.process import Process

WON = Settlement(Reward(1, "", "ada", "coin", 1, ""), False)


def sample(**fields: object) -> Sample:
    """Return a sample of a process that does nothing, with other fields."""
    return replace(Process().sampler.take(), **fields)


async def test_numbers_of_a_node_are_sums_and_extremes(autojump_clock: MockClock) -> None:
    one = sample(
        at=5.0, clicks=10.0, refused=1.0, queue=2, oldest=0.5, parked=3, awake=1, sockets=2,
        cut_off=1, utilization=0.2, bus_lag=0.5, database=1.0, batches=3, batch_average=0.1,
        batch_max=0.4,
    )  # fmt: skip
    other = sample(
        at=4.5, clicks=30.0, refused=0.0, queue=1, oldest=0.1, parked=4, awake=0, sockets=1,
        cut_off=0, utilization=0.6, bus_lag=None, database=7.0, batches=1, batch_average=0.5,
        batch_max=0.5,
    )  # fmt: skip
    node = together([one, other])
    assert (node.at, node.processes, node.clicks, node.refused) == (5.0, 2, 40.0, 1.0)
    assert (node.queue, node.oldest, node.cut_off) == (3, 0.5, 1)
    assert (node.parked, node.awake, node.sockets) == (7, 1, 3)
    assert (node.utilization, node.busiest) == (0.4, 0.6)
    assert node.pool == {"idle": 4, "busy": 2, "connecting": 0}
    assert node.breakers == {"closed": 2}
    assert (node.bus_lag, node.database) == (0.5, 7.0)
    assert (node.batch_average, node.batch_max) == (0.2, 0.5), "four commits, one of them slow"


async def test_quantiles_of_a_node_are_those_of_all_clicks(autojump_clock: MockClock) -> None:
    fast, slow = Process(), Process()
    fast.recorder.settled("harbour", [WON] * 98, [0.0015] * 98)
    slow.recorder.settled("harbour", [WON] * 2, [0.15] * 2)
    slow.recorder.delivered(0.004)
    node = together([fast.sampler.take(), slow.sampler.take()])
    assert node.click_p50 == pytest.approx(0.00151, abs=1e-5)
    assert node.click_p99 is not None
    assert 0.1 < node.click_p99 <= 0.2, "one process alone has no such click"
    assert node.delivery_p50 is not None
    quiet = together([fast.sampler.take(), slow.sampler.take()])
    assert (quiet.click_p50, quiet.delivery_p99, quiet.batch_average) == (None, None, 0.0)


async def test_history_is_as_long_as_that_of_the_oldest_process(autojump_clock: MockClock) -> None:
    old = [sample(at=float(second), clicks=1.0) for second in range(10)]
    restarted = [sample(at=second - 0.3, clicks=2.0) for second in range(7, 10)]
    ended = [sample(at=second + 0.3, clicks=4.0) for second in range(3)]
    found = [(each.at, each.clicks) for each in history([restarted, old, ended])]
    assert found == [
        (0.0, 1.0), (1.0, 5.0), (2.0, 5.0), (3.0, 5.0), (4.0, 5.0), (5.0, 5.0), (6.0, 1.0),
        (7.0, 3.0), (8.0, 3.0), (9.0, 3.0),
    ]  # fmt: skip
    assert list(history([[]])) == []
