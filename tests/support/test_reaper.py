"""`tests.support.reaper` where pytest runs twice in one process, as mutmut has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: Runs in a process of its own, since the leash changes the process's temporary folder.
SCRIPT = """
import os, tempfile
from tests.support import reaper as leash

first = leash.hold()
assert leash.hold() is first
leash.release()
tempfile.TemporaryFile().close()
assert not first.folder.exists()

second = leash.hold()
assert second is not first and str(second.folder) == os.environ["TMPDIR"]
if (child := os.fork()) == 0:
    third = leash.hold()
    assert third is not second
    leash.release()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert second.folder.exists()
"""


def test_released_or_forked_leash_is_replaced() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, cwd=Path(__file__).parents[2])
