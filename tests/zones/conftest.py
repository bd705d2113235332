"""The cluster that every row begins with."""

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
    with tempfile.TemporaryDirectory(prefix="hunt-zones-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        yield trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
