"""The ways into the server: the fast lane, Quart, and TLS; each must keep the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import serving


@pytest.fixture(autouse=True, params=["fast-lane", "quart", "tls"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    serving.fast_lane, serving.tls = request.param != "quart", request.param == "tls"
    yield
    serving.fast_lane, serving.tls = True, False
