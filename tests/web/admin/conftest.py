"""Run the tests of this folder once: these routes do not depend on the transport."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def way() -> None:
    """Replace the fixture that runs each test over every transport."""
