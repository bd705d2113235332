"""Commands as processes, forked from one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.forking import Forker, forker


@pytest.fixture(scope="module")
def forks() -> Iterator[Forker]:
    """Yield a process for many commands; their coverage is not measured."""
    with forker() as found:
        yield found


@pytest.fixture(scope="module")
def measured_forks() -> Iterator[Forker]:
    """Yield a process for commands whose coverage is measured."""
    with forker(measured=True) as found:
        yield found
