"""Programs that tests need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def required(path: Path, missing: str) -> Path:
    """Return `path`; if nothing exists there, skip the test, unless skips are forbidden."""
    if not path.exists():
        if os.environ.get("HUNT_TEST_REQUIRE") == "all":
            pytest.fail(missing)
        pytest.skip(missing)
    return path
