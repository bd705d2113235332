"""The tests of real processes in which coverage is measured."""

from __future__ import annotations

import pytest

#: Modules that together run every part of the processes.  The lines of the others are run by
#: these, by `tests/web` or by `tests/contract`, too; coverage would only make them slower.
MEASURED = {
    "test_life.py",
    "test_operations.py",
    "test_restart.py",
    "test_secrets.py",
    "test_start_line.py",
    "test_starts.py",
    "test_supervisor.py",
}


@pytest.fixture(autouse=True)
def measured_in_some_modules(request: pytest.FixtureRequest) -> None:
    """Disable coverage in the other modules and in their processes."""
    if request.path.name not in MEASURED:
        request.getfixturevalue("unmeasured")
