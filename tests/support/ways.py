"""The ways in: the fast lane, Quart, and TLS; the contract holds over each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import serving


@pytest.fixture(autouse=True, params=["fast-lane", "quart", "tls"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    serving.fast_lane, serving.tls = request.param != "quart", request.param == "tls"
    yield
    serving.fast_lane, serving.tls = True, False
