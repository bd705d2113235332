"""Remove what a server never uses from an environment, and compile the rest."""

from __future__ import annotations

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

#: In ``bin``: the command and the interpreter.
KEPT = {"hunt", "python", "python3"}

#: Folders of packages with their own tests.
TESTS = {"tests", "_tests"}


def trim(environment: Path) -> None:
    """Trim one virtual environment."""
    for script in (environment / "bin").iterdir():
        if script.name not in KEPT and not script.name.startswith("python3."):
            script.unlink()
    [packages] = environment.glob("lib/python*/site-packages")
    for folder in [each for each in packages.rglob("*") if each.name in TESTS and each.is_dir()]:
        shutil.rmtree(folder, ignore_errors=True)
    for stub in packages.rglob("*.pyi"):
        stub.unlink()
    # The root file system is read-only: nothing can be compiled when the server starts. With
    # hashes instead of times, the files depend on their sources alone.
    # Packages have modules for newer Pythons, which do not compile; pip ignores them, too.
    compileall.compile_dir(
        packages, quiet=2, maxlevels=20, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )


trim(Path(sys.argv[1]))
