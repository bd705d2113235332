"""Checks the lines that services log in tests, and sets their clock."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.support.log_lines import documented_lines

__all__ = ["documented_lines"]


@pytest.fixture
def autojump_clock(autojump_clock: MockClock) -> MockClock:
    """Return a clock that does not begin at zero, where ``now + began`` equals ``now - began``."""
    autojump_clock.jump(1024.0)
    return autojump_clock
