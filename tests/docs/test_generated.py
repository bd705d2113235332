"""Generated pages of the reference are those that the code generates now, and miss nothing."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import click
import pytest

import hunt
from hunt.cli import COMMANDS
from hunt.error_kinds import kinds
from hunt.errors import Refused
from hunt.metrics.declarations import METRICS
from hunt.metrics.node_declarations import NODE_METRICS
from hunt.play.problems import type_of
from hunt.settings import Settings
from hunt.web import problem_page
from hunt.web.openapi import definition_schemas, document, schemas, session_schemas

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"
STATIC = DOCS.parent / "hunt" / "web" / "static"
NAMES = sorted(
    path.name
    for path in REFERENCE.iterdir()
    if "by docs/generate.py: do not edit" in path.read_text("utf-8") or path.suffix == ".json"
)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """Return ``docs/generate.py`` as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        module = importlib.import_module("generate")
    for name in [each for each in sys.modules if each.partition(".")[0] == "reference_pages"]:
        assert Path(str(sys.modules[name].__file__)).is_relative_to(DOCS)
    return module


def headings(name: str) -> list[str]:
    """Return the headings of a page of the reference, without backticks."""
    text = (REFERENCE / name).read_text("utf-8")
    return [each.replace("`", "") for each in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]


def lacking(name: str, expected: Collection[str]) -> set[str]:
    """Return the expected headings that a page lacks."""
    return set(expected) - set(headings(name))


def test_every_generated_file_is_compared(generator: ModuleType) -> None:
    assert sorted(generator.PAGES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_committed_page_is_the_generated_one(name: str, generator: ModuleType) -> None:
    committed = (REFERENCE / name).read_text("utf-8")
    assert committed == generator.PAGES[name](), "run: python docs/generate.py"


def test_every_setting_is_explained(generator: ModuleType) -> None:
    names = [f"HUNT_{each.name.upper()}" for each in fields(Settings)]
    assert lacking("settings.md", names) == set()
    text = (REFERENCE / "settings.md").read_text("utf-8")
    for part in ("Default", "Valid", "When to change"):
        assert len(re.findall(rf"^- {part}: \S", text, re.MULTILINE)) == len(names)


def test_every_metric_is_explained() -> None:
    text = (REFERENCE / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| \w+ \|.* \| ([^|]+) \| \w+ \|$", text, re.MULTILINE)
    explained = {name.removesuffix("_total") for name, meaning in rows if meaning.strip()}
    assert {each.name for each in (*METRICS, *NODE_METRICS)} - explained == set()


def test_type_of_every_problem_has_an_anchor_in_the_reference_and_on_the_server() -> None:
    types = [type_of(kind) for kind in kinds(Refused)]
    slugs = [each.removeprefix("/docs/problems#") for each in types]
    assert lacking("problems.md", slugs) == set()
    page = problem_page.page().decode()
    assert [slug for slug in slugs if f'id="{slug}"' not in page] == []


def test_every_command_and_option_is_listed() -> None:
    assert lacking("commands.md", [f"hunt {name}" for name in COMMANDS]) == set()
    text = (REFERENCE / "commands.md").read_text("utf-8")
    for name in COMMANDS:
        _, _, section = text.partition(f"\n## hunt {name}\n")
        section = section.partition("\n## hunt ")[0]
        command = importlib.import_module(f"hunt.cli.{name.replace('-', '_')}").command
        options = [each for each in command.params if isinstance(each, click.Option)]
        assert [each.opts for each in options if f"| `{each.opts[0]}`" not in section] == []


def test_every_operation_and_schema_is_listed() -> None:
    operations = [f"{method} {path}" for method, path in document.routes()]
    modules = (schemas, session_schemas, definition_schemas)
    names = [each.__name__ for module in modules for each in document.structs(module)]
    assert lacking("http-api.md", operations + names) == set()


def exported() -> set[str]:
    """Return the names that ``/static/hunt.js`` exports."""
    text = (STATIC / "lib" / "hunt.js").read_text("utf-8")
    lists = re.findall(r"^export \{ (.*) \};$", text, re.MULTILINE)
    functions = re.findall(r"^export (?:async )?function (\w+)", text, re.MULTILINE)
    return {name for each in lists for name in each.split(", ")} | set(functions)


def test_every_export_and_method_of_the_javascript_module_is_listed() -> None:
    text = (REFERENCE / "javascript.md").read_text("utf-8")
    module = (STATIC / "lib" / "hunt.js").read_text("utf-8")
    members = set(re.findall(r"^  (?:async |get )?(\w+)\(.*\) \{$", module, re.MULTILINE))
    names = exported() | members - {"constructor", "for", "while", "if"}
    assert len(names) > 12
    assert {name for name in names if not re.search(rf"`{name}\b", text)} == set()


def test_python_api_names_every_public_module() -> None:
    text = (REFERENCE / "python-api.md").read_text("utf-8")
    modules = [path.stem for path in (DOCS.parent / "hunt" / "testing").glob("[a-z]*.py")]
    named = set(re.findall(r"^\.\. auto\w+:: (\S+)$", text, re.MULTILINE))
    public = {f"hunt.{name}" for name in hunt.__all__ if name != "__version__"}
    assert public | {"hunt.client"} | {f"hunt.testing.{each}" for each in modules} == named


def test_schema_of_hunt_files_names_every_field_of_the_definition() -> None:
    schema = json.loads((REFERENCE / "hunt-file.schema.json").read_text("utf-8"))
    named = {*schema["properties"]["hunt"]["properties"], "page", "prizes"}
    assert set(definition_schemas.Definition.__struct_fields__) == named
    prize = schema["$defs"]["PrizeDefinition"]["properties"]
    assert set(definition_schemas.PrizeDefinition.__struct_fields__) <= {*prize, "from_"}
    assert undescribed(schema) == []


def undescribed(schema: Mapping[str, object]) -> list[str]:
    """Return the fields of a schema that have no description."""
    found = []
    tables = [schema["properties"]["hunt"], *schema["$defs"].values()]  # type: ignore[index]
    for table in tables:
        for name, each in table.get("properties", {}).items():
            if not each.get("description"):
                found.append(name)
    return found
