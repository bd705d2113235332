"""The cluster that every run begins with."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.faults import rig


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """Yield the folder of a cluster with the schema, to be copied."""
    # Not below pytest's own folders, which are closed to whom PostgreSQL becomes.
    with tempfile.TemporaryDirectory(prefix="hunt-faults-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        yield trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
