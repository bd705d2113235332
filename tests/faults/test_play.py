from __future__ import annotations

import subprocess
import sys

#: Prints the faults of all scripts that the modules of a run have not defined yet.
MISSING = """
import tests.faults.play
from tests.faults.registry import FAULTS
from tests.faults.matrix import SCRIPTS
print(*{step.fault for script in SCRIPTS.values() for step in script.steps} - FAULTS.keys())
"""


def test_faults_are_imported_before_the_load() -> None:
    # An import during the load blocks the clients and the proxies for seconds.
    found = subprocess.run(
        [sys.executable, "-c", MISSING], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == []
