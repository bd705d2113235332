"""The rows of the matrix that are quick enough for the test suite; `tox -e faults` runs all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from tests.faults import play, rig
from tests.faults.matrix import SCRIPTS
from tests.support import valkey
from tests.support.seeds import SEED


def require(met: bool, what: str) -> None:
    """Skip the test if the machine lacks a tool of the script, unless skips are forbidden."""
    if not met:
        if os.environ.get("HUNT_TEST_REQUIRE") == "all":
            pytest.fail(f"needs {what}")
        pytest.skip(f"needs {what}")


@pytest.mark.parametrize("name", [name for name, script in SCRIPTS.items() if script.ci])
def test_faults_break_no_guarantee(name: str, template: Path) -> None:
    script = replace(SCRIPTS[name], seed=SEED)
    require(not script.clock or rig.faketime() is not None, "Debian's faketime")
    require(not script.disk or os.geteuid() == 0, "root, to mount a small file system")
    if script.bus:
        valkey.installed()
    print(script.encode())  # repeat it by: python -m tests.faults '<this>'
    result = trio.run(play.run, script, template)
    print(dict(result.statuses), result.figures)
    assert result.failures == []
