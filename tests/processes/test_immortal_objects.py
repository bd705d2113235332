"""Present objects become immortal where CPython can do it; elsewhere nothing changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hunt.processes import immortal_objects

#: Uses the module at ``argv[1]``; prints what it did, and which objects are freed afterwards.
PROGRAM = """
import atexit, gc, json, runpy, sys, sysconfig, weakref

class Plain:
    pass

class Finalized:
    def __del__(self):
        freed.append("object with __del__")

class Old:
    pass

def function():
    return "a constant", 1234567

def generate():
    try:
        yield
    finally:
        freed.append("generator")

def counted(each):
    before = sys.getrefcount(each)
    references = [each] * 10
    return sys.getrefcount(each) != before

freed = []
old = Old()
old.finalized, old.generator, old.file = Finalized(), generate(), open(sys.executable, "rb")
next(old.generator)
weakref.finalize(old.file, freed.append, "file")
module = runpy.run_path(sys.argv[1])
made = module["make_immortal"]()
shared = [Plain, function, function.__code__, function()[1], function.__code__.co_linetable, old]
finalized = [old.finalized, old.generator, old.file]
answer = {
    "supported": module["supported"](),
    "made": made,
    "counted": [counted(each) for each in shared],
    "counted_finalized": [counted(each) for each in finalized],
}
del finalized
old.__dict__.clear()
new, cycle = Plain(), Plain()
cycle.cycle = cycle
weakref.finalize(new, freed.append, "new object")
weakref.finalize(cycle, freed.append, "new cycle")
del new, cycle
gc.collect()
answer["freed"] = sorted(freed)
answer["expected"] = (
    sys.implementation.name == "cpython"
    and sys.version_info[:2] in [(3, 12), (3, 13)]
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
    and not hasattr(sys, "gettotalrefcount")
)
atexit.register(print, json.dumps(answer))
sys.exit(7)
"""

#: Prints whether references to an old function are counted in a process that is prepared.
PREPARED = """
import sys
from hunt.processes import copy_on_write, immortal_objects

copy_on_write.prepare()
before = sys.getrefcount(copy_on_write.prepare)
references = [copy_on_write.prepare] * 10
print(sys.getrefcount(copy_on_write.prepare) == before, immortal_objects.supported())
"""


def test_objects_become_immortal_where_cpython_can_do_it() -> None:
    for python in interpreters():
        answer = outcome(python)
        immortal = answer["expected"]
        assert answer["supported"] is answer["made"] is immortal, python
        assert answer["counted"] == [not immortal] * 6, python


def test_files_and_new_objects_are_freed() -> None:
    for python in interpreters():
        answer = outcome(python)
        assert answer["counted_finalized"] == [True] * 3, python
        freed = ["file", "generator", "new cycle", "new object", "object with __del__"]
        assert answer["freed"] == freed, python


def test_prepared_process_counts_no_references_where_cpython_can_do_it() -> None:
    uncounted, supported = run(sys.executable, PREPARED).stdout.split()
    assert uncounted == supported


def interpreters() -> list[str]:
    """Return this interpreter, and those of releases with immortal objects that are installed."""
    found = [sys.executable]
    for name in ("python3.12", "python3.13", "python3.14"):
        path = shutil.which(name)
        if path and run(path, "").returncode == 0:  # else a shim of pyenv for no version
            found.append(path)
    return found


def outcome(python: str) -> dict[str, Any]:
    """Return what the program printed; it must end with its own status, and without a warning."""
    ran = run(python, PROGRAM, str(Path(immortal_objects.__file__)))
    assert (ran.returncode, ran.stderr) == (7, ""), python
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def run(python: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
