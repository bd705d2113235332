"""Checks the lines that services log in tests."""

from __future__ import annotations

from tests.support.log_lines import documented_lines

__all__ = ["documented_lines"]
