"""Processes whose coverage is not measured."""

from __future__ import annotations

from collections.abc import Mapping

#: Variables with which coverage measures the processes of a test.
VARIABLES = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def unmeasured(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process whose coverage is not measured."""
    return {name: value for name, value in environ.items() if name not in VARIABLES}
