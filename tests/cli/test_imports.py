"""A command imports only what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["hunt.cli.serve", "hunt.cli.worker", "hunt.cli.drain"])
def test_supervisor_does_not_import_web_framework(module: str) -> None:
    asked = f"import sys, {module}; print(*sorted({{'quart', 'h2'}} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert not seen.stdout.strip()
