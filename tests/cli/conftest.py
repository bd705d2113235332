"""Commands as processes, forked from one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.forking import Forker, forker


@pytest.fixture(scope="module")
def forks() -> Iterator[Forker]:
    with forker() as found:
        yield found
