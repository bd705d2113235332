"""The size of an installation, computed by hand for round figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunt.core.sizing import Figures, Load, Pace, costs, size

FIGURES = Figures(
    paces=(Pace(100, 1000, 500), Pace(10_000, 100, 50)),
    one_hunt=20_000,
    process_mib=50,
    stream_bytes=2**10,
    process_streams=10_000,
    heartbeat_us=15,
    delivery_us=10,
    request_bytes=400,
    response_bytes=300,
    event_bytes=200,
    heartbeat_bytes=15,
    wal_bytes=500,
)
LOAD = Load(players=1000, clicks=400, streams=1500, hunts=1, cores=2, utilization=0.5, pool=16)


def test_every_part_is_computed_from_its_figure() -> None:
    found = size(FIGURES, LOAD)
    assert (found.nodes, found.processes) == (2, 4)
    # 100 clicks/s a process; 100 heartbeats/s of 15 us; an event for each click, of 10 us.
    assert found.server_cores == pytest.approx(400 * 1e-3 + 100 * 15e-6 + 400 * 10e-6)
    assert found.postgres_cores == pytest.approx(400 * 0.5e-3)
    assert found.process_mib == pytest.approx(50 + 375 / 1024)
    assert found.node_mib == pytest.approx(2 * found.process_mib)
    assert (found.client_connections, found.descriptors) == (2500, 625)
    assert found.postgres_connections == 4 * 17
    assert found.inbound_bytes == 400 * 400
    assert found.outbound_bytes == pytest.approx(400 * 500 + 100 * 15)
    assert found.wal_bytes == 400 * 500
    assert found.beyond == []


def test_cost_between_measured_rates_follows_the_logarithm() -> None:
    assert costs(FIGURES.paces, 1) == (1e-3, 0.5e-3)
    assert costs(FIGURES.paces, 1000) == pytest.approx((0.55e-3, 0.275e-3))
    assert costs(FIGURES.paces, 10_000) == costs(FIGURES.paces, 10**9) == (1e-4, 0.5e-4)


def test_streams_alone_can_decide_the_number_of_nodes() -> None:
    assert size(FIGURES, replace(LOAD, streams=100_000)).nodes == 5


def test_load_beyond_the_measurements_is_named() -> None:
    [one] = size(FIGURES, replace(LOAD, clicks=30_000)).beyond
    assert "at most 20,000 clicks/s" in one
    assert size(FIGURES, replace(LOAD, clicks=30_000, hunts=2)).beyond == []
    [few] = size(FIGURES, replace(LOAD, clicks=50)).beyond
    assert few == "fewer than 100 clicks/s were not measured"


def test_impossible_load_is_refused() -> None:
    with pytest.raises(ValueError, match="nodes are not enough"):
        size(FIGURES, replace(LOAD, streams=10**9))


@given(clicks=st.floats(0, 1e5), streams=st.integers(0, 10**6), hunts=st.integers(1, 100))
def test_cores_are_within_the_utilization(clicks: float, streams: int, hunts: int) -> None:
    found = size(FIGURES, replace(LOAD, clicks=clicks, streams=streams, hunts=hunts))
    assert found.server_cores <= found.processes * LOAD.utilization
    assert math.ceil(streams / found.processes) <= FIGURES.process_streams
