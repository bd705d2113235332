"""The time zone of the machine: what is computed must not depend on it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def machine_zone() -> Iterator[None]:
    """Put the machine into a time zone with an odd offset."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        yield
    time.tzset()
