"""Each test runs over each way in."""

from __future__ import annotations

from tests.support.ways import way

__all__ = ["way"]
