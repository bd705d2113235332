"""The cluster that every run begins with."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.faults import rig


@pytest.fixture(autouse=True)
def as_fast_as_it_is(unmeasured: None) -> None:
    """Have servers whose promises in seconds are held as fast as they are."""


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """Yield the folder of a cluster with the schema, to be copied."""
    # Not below pytest's own folders, which are closed to whom PostgreSQL becomes.
    with tempfile.TemporaryDirectory(prefix="hunt-faults-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        yield trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
