"""Runs each test over each way into the server."""

from __future__ import annotations

from tests.support.ways import way

__all__ = ["way"]
