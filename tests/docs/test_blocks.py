"""Every code block of the documents is run by a test, or checked here."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from hunt.core import campaign_file, hunt_file
from hunt.errors import HuntError
from hunt.settings import DECLARATIONS
from hunt.web.openapi import document
from tests.docs import command_lines
from tests.support.code_blocks import ROOT, Block, blocks, documents

#: Documents and languages whose blocks are run -> the test that runs them.
RUN: Mapping[tuple[str, str], str] = {
    ("README.md", "console"): "tests/life/test_readme.py",
    ("docs/how-to/javascript.md", "js"): "tests/browser/test_module.py",
    ("docs/how-to/load-balancer.md", "haproxy"): "tests/life/test_load_balancer.py",
    ("docs/how-to/mobile-app.md", "python"): "tests/client/test_docs.py",
    ("docs/how-to/python-client.md", "python"): "tests/client/test_docs.py",
    ("docs/how-to/run-a-hunt.md", "console"): "tests/life/test_tutorial.py",
    ("docs/how-to/tokens.md", "js"): "tests/docs/test_token_examples.py",
    ("docs/how-to/tokens.md", "php"): "tests/docs/test_token_examples.py",
    ("docs/how-to/tokens.md", "python"): "tests/docs/test_token_examples.py",
    ("docs/how-to/webhooks.md", "js"): "tests/docs/test_webhook_examples.py",
    ("docs/how-to/webhooks.md", "python"): "tests/docs/test_webhook_examples.py",
    ("docs/tutorial/first-reward.md", "console"): "tests/life/test_tutorial.py",
    ("docs/tutorial/own-hunt.md", "console"): "tests/life/test_tutorial.py",
}

BLOCKS = [block for path in documents() for block in blocks(path)]


def checked_toml(block: Block) -> Iterator[str]:
    """Yield the errors of a hunt file, or of a settings file."""
    try:
        raw = tomllib.loads(block.text)
        if "campaign" in raw:
            campaign_file.parse_campaign(block.text)
            return
        if "hunt" in raw:
            hunt_file.parse(block.text)
            return
        for name, value in raw.items():
            if name not in DECLARATIONS:
                yield f"unknown setting {name}"
            else:
                DECLARATIONS[name].parser(value)
    except (ValueError, HuntError) as exc:
        yield str(exc)


def checked_json(block: Block) -> Iterator[str]:
    """Yield the errors of JSON: one document, or one in each line."""
    try:
        json.loads(block.text)
    except ValueError:
        for line in block.text.splitlines():
            try:
                json.loads(line)
            except ValueError as exc:
                yield f"{exc}: {line}"


def checked_python(block: Block) -> Iterator[str]:
    """Yield the errors of Python that no test runs."""
    try:
        compile(block.text, str(block), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as exc:
        yield str(exc)


def checked_ini(block: Block) -> Iterator[str]:
    """Yield the lines that are no setting, section or comment of a configuration file."""
    line = re.compile(r"|[#;].*|\[.+\]|[\w.]+ *=.*")
    yield from (each for each in block.text.splitlines() if not line.fullmatch(each))


def checked_yaml(block: Block) -> Iterator[str]:
    """Yield the errors of YAML."""
    try:
        list(yaml.safe_load_all(block.text))
    except yaml.YAMLError as exc:
        yield str(exc)


def checked_commands(block: Block) -> Iterator[str]:
    """Yield the errors of commands; Bash checks their syntax."""
    done = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield done.stderr
    else:
        yield from command_lines.wrong(block.text)


def checked_typescript(block: Block) -> Iterator[str]:
    """Yield the operations of a generated client that the server does not have."""
    called = re.findall(r'\.(GET|POST|PUT|PATCH|DELETE)\("([^"]+)"', block.text)
    assert called, f"{block}: calls no operation"
    yield from (f"there is no {each}" for each in called if each not in document.routes())


def checked_diagram(block: Block) -> Iterator[str]:
    """Yield a complaint about a block without a language that is no diagram."""
    if not re.search(r"[│─►]", block.text):
        yield "names no language; write ```text for output"


def unchecked(block: Block) -> Iterator[str]:
    """Yield nothing: output and text, or what the build of the site or a doctest runs."""
    return iter(())


#: Languages -> the check of a block.
CHECKS: Mapping[str, Callable[[Block], Iterator[str]]] = {
    "": checked_diagram,
    "console": checked_commands,
    "ini": checked_ini,
    "json": checked_json,
    "pycon": unchecked,  # tests/docs/test_examples.py
    "python": checked_python,
    "text": unchecked,
    "toml": checked_toml,
    "ts": checked_typescript,
    "yaml": checked_yaml,
    "{eval-rst}": unchecked,  # tests/docs/test_site.py
    "{toctree}": unchecked,
}


def wrong(block: Block) -> list[str]:
    """Return the errors of a block."""
    is_run = (str(block.path), block.language) in RUN
    if block.language in CHECKS:
        return list(CHECKS[block.language](block))
    return [] if is_run else [f"no test runs or checks the language {block.language!r}"]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_blocks_are_run_or_right(path: Path) -> None:
    found = {str(block): problems for block in blocks(path) if (problems := wrong(block))}
    assert found == {}


@pytest.mark.parametrize(("page", "language"), RUN)
def test_test_of_a_run_block_names_its_document(page: str, language: str) -> None:
    text = (ROOT / RUN[page, language]).read_text("utf-8")
    assert Path(page).name in text
    assert any((str(each.path), each.language) == (page, language) for each in BLOCKS)


def test_most_blocks_are_found() -> None:
    assert len(BLOCKS) > 80
    assert {"console", "python", "toml", "json"} <= {block.language for block in BLOCKS}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("console", "hunt serve --bnd 1"),
        ("console", "hunt fly"),
        ("console", "hunt open a b"),
        ("console", "TOKEN=$(hunt token --plyer ada)"),
        ("console", "HUNT_POOL_SZE=3 hunt serve"),
        ("console", "HUNT_POOL_SIZE=many hunt serve"),
        ("console", "tox -e tests && tox -e quik"),
        ("console", "python -m benchmarks.nothing"),
        ("console", "pip install 'hunt-server[valkyrie]'"),
        ("console", "if true"),
        ("ini", "archive_mode on"),
        ("json", '{"a": }'),
        ("python", "def f(:"),
        ("toml", "[hunt]\nid = 'a'\n"),
        ("toml", "pool_sze = 3\n"),
        ("ts", 'hunt.GET("/v1/nothing")'),
        ("yaml", "a: [b"),
        ("", "hunt serve"),
        ("cobol", "STOP RUN."),
    ],
)
def test_wrong_block_is_found(language: str, text: str) -> None:
    assert wrong(Block(Path("page.md"), 1, language, text + "\n", ""))
