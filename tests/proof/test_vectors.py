"""The test vectors hold in both verifiers, which find a wrong one."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.proof.verifiers import PYTHON, STATIC, VECTORS, node, run_node, run_python

CHECK = """
import { checkVectors } from "{static}/vectors.js";
console.log(JSON.stringify(await checkVectors(given)));
"""


def vectors() -> Any:
    return json.loads(VECTORS.read_text("utf-8"))


def wrong() -> Any:
    """Return the vectors with one error in each part."""
    found = vectors()
    found["commitment"] = found["commitment"][::-1]
    found["uniform"][0]["uniform"] += 2**-53
    found["uniform"][0]["bits"] += 1
    found["chances"][1]["chance"] += 1e-9
    found["periods"][0]["began"] = found["periods"][1]["began"]
    found["moments"][0]["times"].reverse()
    rows = found["games"][0]["rows"]
    won = next(each for each in rows if each["prize"])
    won.update(prize=None, points=0)
    return found


PARTS = {"commitment", "uniform", "chance", "period", "moments", "row"}


def named(lines: list[str]) -> set[str]:
    return {line.split()[0].rstrip(":") for line in lines}


def test_python_verifier_reproduces_the_vectors() -> None:
    done = run_python("--vectors", VECTORS)
    assert (done.stdout, done.returncode) == ("all vectors hold\n", 0), done.stderr


def test_python_verifier_names_wrong_vectors(tmp_path: Path) -> None:
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(wrong()), "utf-8")
    done = run_python("--vectors", file)
    assert done.returncode == 1
    assert named(done.stdout.splitlines()) == PARTS | {"bits"}


@node
def test_javascript_verifier_reproduces_the_vectors() -> None:
    assert run_node(CHECK, vectors()) == []


@node
def test_javascript_verifier_names_wrong_vectors() -> None:
    assert named(run_node(CHECK, wrong())) == PARTS


def test_python_verifier_imports_the_standard_library_only() -> None:
    found = set()
    for each in ast.walk(ast.parse(PYTHON.read_text("utf-8"))):
        if isinstance(each, ast.Import):
            found |= {name.name for name in each.names}
        elif isinstance(each, ast.ImportFrom):
            found.add(str(each.module))
    assert {name.partition(".")[0] for name in found} - {"__future__"} <= sys.stdlib_module_names


def test_javascript_verifier_imports_its_own_modules_only() -> None:
    for name in ("bytes.js", "counted.js", "draw.js", "verify.js"):
        text = (STATIC / name).read_text("utf-8")
        found = re.findall(r'from "([^"]+)"', text)
        assert set(found) <= {"./bytes.js", "./counted.js", "./draw.js"}, name
