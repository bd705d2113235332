"""The contract holds whichever way a request is served; every test runs over both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web import serving


@pytest.fixture(autouse=True, params=[True, False], ids=["fast-lane", "quart"])
def lane(request: pytest.FixtureRequest) -> Iterator[None]:
    serving.fast_lane = request.param
    yield
    serving.fast_lane = True
