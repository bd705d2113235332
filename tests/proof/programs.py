"""The programs that verify a bundle, each as a function of its file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hunt.errors import ProofError
from tests.cli.commands import run
from tests.proof.bundles import Json
from tests.proof.verifiers import run_node, run_python

_NODE = """
import { linesOf, verify } from "{static}/verify.js";
import { readFileSync } from "node:fs";
const found = await verify(await linesOf(readFileSync(given.bundle)), given);
console.log(JSON.stringify({ failures: found.failures, rows: found.rows }));
"""


class Found(NamedTuple):
    """The findings of a program."""

    failures: dict[str, str]  #: by step
    rows: int


#: Arguments: file of the bundle, answers with receipts, published hash of the first seal.
Program = Callable[[Path, list[Json], str | None], Found]


def _file_of(answers: list[Json], bundle: Path) -> Path:
    """Write answers beside a bundle, as JSON lines."""
    file = bundle.with_suffix(".answers")
    file.write_text("".join(f"{json.dumps(each)}\n" for each in answers), "utf-8")
    return file


def python(bundle: Path, answers: list[Json], seal: str | None) -> Found:
    arguments: list[object] = [bundle]
    if answers:
        arguments += ["--receipts", _file_of(answers, bundle)]
    done = run_python(*arguments, *(["--seal", seal] if seal else []))
    assert not done.stderr
    failures = dict(re.findall(r"^WRONG (\w+): (.*)$", done.stdout, re.MULTILINE))
    assert done.returncode == bool(failures)
    rows = re.search(r"^(\d+) rows", done.stdout, re.MULTILINE)
    assert rows is not None
    return Found(failures, int(rows[1]))


def javascript(bundle: Path, answers: list[Json], seal: str | None) -> Found:
    found = run_node(_NODE, {"bundle": str(bundle), "answers": answers, "seal": seal})
    return Found(found["failures"], found["rows"])


def hunt(bundle: Path, answers: list[Json], seal: str | None) -> Found:
    """Run ``hunt verify --bundle``, which uses the server's code and stops at the first failure."""
    arguments = ["verify", "--bundle", str(bundle), "--json"]
    if answers:
        arguments += ["--receipts", str(_file_of(answers, bundle))]
    try:
        report = json.loads(run(*arguments).output)
    except ProofError as exc:
        return Found({"first": str(exc)}, 0)
    if seal not in {None, report["seals"][0]}:  # it prints the hash, and people compare it
        return Found({"first": "the first seal is not the published one"}, report["rows"])
    return Found({}, report["rows"])


PROGRAMS: dict[str, Program] = {"hunt": hunt, "javascript": javascript, "python": python}
