"""Checks the lines that services log in tests, and sets their clock."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.support.log_lines import documented_lines

__all__ = ["documented_lines"]

#: Modules whose tests expect a clock that begins at zero.
ZERO = {
    "test_catalogue.py",
    "test_prober.py",
    "test_schedule.py",
}


@pytest.fixture
def autojump_clock(request: pytest.FixtureRequest, autojump_clock: MockClock) -> MockClock:
    """Return a clock that does not begin at zero, where ``now + began`` equals ``now - began``."""
    if request.path.name not in ZERO:
        autojump_clock.jump(1024.0)
    return autojump_clock
