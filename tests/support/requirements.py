"""Programs that tests need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def required(path: Path, missing: str) -> Path:
    """Return `path`; where there is nothing, skip the test, unless none may be skipped."""
    if not path.exists():
        if os.environ.get("HUNT_TEST_REQUIRE") == "all":
            pytest.fail(missing)
        pytest.skip(missing)
    return path
