"""Every row of the matrix that is quick enough for every landing; `tox -e faults` runs all."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.faults import rig
from tests.faults.matrix import SCRIPTS


@pytest.mark.parametrize("name", [name for name, script in SCRIPTS.items() if script.ci])
def test_what_goes_wrong_breaks_no_promise(name: str, template: Path) -> None:
    print(SCRIPTS[name].encode())  # to be repeated by: python -m tests.faults '<this>'
    result = trio.run(rig.run, SCRIPTS[name], template)
    print(dict(result.statuses), result.figures)
    assert result.failures == []
