"""The two verifiers that share no code with the server."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "hunt" / "web" / "static" / "proof"
PYTHON = STATIC / "hunt_verify.py"
VECTORS = ROOT / "docs" / "reference" / "proof-vectors.json"

node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


def python_verifier() -> ModuleType:
    """Return ``hunt_verify.py`` as a module."""
    spec = importlib.util.spec_from_file_location("hunt_verify", PYTHON)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_python(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``hunt_verify.py`` without the packages of this environment."""
    command = [sys.executable, "-I", "-S", str(PYTHON), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run_node(script: str, value: object = None) -> Any:
    """Run a script, in which ``given`` is `value`; return the JSON value that it prints.

    Args:
        script: JavaScript with ``await``; ``{static}`` is the folder of the modules.
        value: A JSON value.
    """
    text = f"const given = {json.dumps(value)};\n{script.replace('{static}', STATIC.as_uri())}"
    command = ["node", "--input-type=module", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
