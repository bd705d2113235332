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
    """Run without the coverage measurement, because the bounds are in seconds."""


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """Yield the folder of a cluster with the schema, to be copied."""
    # Not below pytest's own folders, which the user of PostgreSQL cannot enter.
    with tempfile.TemporaryDirectory(prefix="hunt-faults-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        yield trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
