"""Names of code, settings, metrics and files in the documents exist."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from hunt.settings import Settings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hunt"
GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"
GENERATED = {ROOT / "docs" / "reference" / "fault-matrix.md"}
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - GENERATED)

TOP_LEVEL = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
SUFFIXES = (".py", ".sql", ".js", ".toml", ".ini", ".md", ".html", ".ts", ".png")
DOTTED = re.compile(r"(?:hunt\.)?([a-z_]+)((?:\.\w+)+)(?:\(\))?")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")

#: Variables that are no settings of the server.
OTHER_VARIABLES = {"HUNT_URL"}


def codes(path: Path) -> Iterator[str]:
    """Yield the texts between backticks in the paragraphs of a document."""
    yield from CODE.findall(FENCE.sub("", path.read_text("utf-8")))


@cache
def members(path: Path) -> dict[str, frozenset[str]]:
    """Return the names that a module defines, with the names that each class defines."""
    found: dict[str, frozenset[str]] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = frozenset(attributes(node))
        else:
            found.update((name, frozenset()) for name in bound(node))
    return found


def attributes(node: ast.ClassDef) -> Iterator[str]:
    """Yield the methods and attributes of a class, those set on ``self`` included."""
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Store):
            yield child.attr
        elif isinstance(child, ast.stmt):
            yield from bound(child)


def bound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            for target in targets:
                yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))
        case ast.ImportFrom(names=names) | ast.Import(names=names):
            yield from (each.asname or each.name for each in names)


def module_exists(parts: Sequence[str]) -> bool:
    """Return whether ``hunt.<parts>`` is a package, a module, or a name within one."""
    path = PACKAGE
    for number, part in enumerate(parts):
        if (path / part).is_dir():
            path /= part
        elif (path / f"{part}.py").is_file():
            return defines(path / f"{part}.py", parts[number + 1 :])
        else:
            initial = path / "__init__.py"
            return initial.is_file() and defines(initial, parts[number:])
    return True


def defines(module: Path, names: Sequence[str]) -> bool:
    """Return whether a module defines ``name`` or ``Class.member``."""
    match names:
        case []:
            return True
        case [name]:
            return name in members(module)
        case [name, member]:
            return member in members(module).get(name, ())
    return False


def path_exists(path: Path, text: str) -> bool:
    """Return whether a path exists below the repository, hunt, tests or its document's folder."""
    roots = (ROOT, PACKAGE, ROOT / "tests", path.parent)
    return any((root / text).exists() for root in roots)


def exists(text: str, document: Path) -> bool:
    """Return whether a name in a document exists; True for names that are not hunt's."""
    if match := re.match(r"HUNT_[A-Z_]+", text):
        return variable_exists(match[0])
    if match := re.match(r"hunt_[a-z_]+", text):
        return match[0].removesuffix("_total") in source()
    if PATH.fullmatch(text) and text.endswith(("/", *SUFFIXES)):
        return path_exists(document, text)
    match = DOTTED.fullmatch(text)
    if match and match[1] in TOP_LEVEL and not text.endswith(SUFFIXES):
        return module_exists([match[1], *match[2][1:].split(".")])
    return True


def variable_exists(name: str) -> bool:
    """Return whether an environment variable is a setting, or one of the tests."""
    names = {f"HUNT_{each.name.upper()}" for each in fields(Settings)} | OTHER_VARIABLES
    return name.startswith("HUNT_TEST_") or {name, name.removesuffix("_FILE")} & names != set()


def wrong(path: Path) -> Iterator[str]:
    """Yield the names in a document that do not exist."""
    return (text for text in codes(path) if not exists(text, path))


@cache
def source() -> str:
    """Return all code in which metrics, SQL functions and roles are named."""
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql"), *(ROOT / "deploy").rglob("*.sql")]
    return "\n".join(path.read_text("utf-8") for path in files)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    text = FENCE.sub("", path.read_text("utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(text)
    }


def broken(path: Path) -> Iterator[str]:
    """Yield the relative links of a document that lead nowhere."""
    for link in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        file = (path.parent / target).resolve() if target else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield link


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_in_document_exist(path: Path) -> None:
    assert list(wrong(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(path: Path) -> None:
    assert list(broken(path)) == []


def test_index_links_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    of_site = {each for each in pages if each == "index.md" or each.startswith("project/")}
    assert pages - of_site - {"README.md"} <= set(LINK.findall(index))


def test_unknown_names_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    wrongs = [
        "core.breaker.Fuse", "core.breaker.Breaker.blow", "core.fuse", "hunt/core/fuse.py",
        "HUNT_FUSE", "hunt_fuse_total", "docs/fuse.md",
    ]  # fmt: skip
    rights = [
        "core.breaker", "core.breaker.Breaker.admit", "hunt.core.breaker.Breaker.state",
        "hunt/core/", "HUNT_POOL_SIZE", "HUNT_JWT_SECRET_FILE", "hunt_clicks_total{hunt}",
        "hunt.toml", "trio.Lock",
    ]  # fmt: skip
    page.write_text("\n".join(f"`{each}`" for each in wrongs + rights) + "\n[x](gone.md#y)\n")
    assert list(wrong(page)) == wrongs
    assert list(broken(page)) == ["gone.md#y"]


def test_glossary_is_alphabetical() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| .* \|$", GLOSSARY.read_text("utf-8"), re.MULTILINE)
    terms = [row.replace("`", "").lower() for row in rows if row != "term"]
    assert len(terms) > 80
    assert terms == sorted(terms)


def test_packages_of_the_architecture_are_in_the_order_of_the_layers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    _, _, table = (ROOT / "docs/explanation/architecture.md").read_text().partition("## Packages")
    rows = re.findall(r"^\| (`.+?`) \|", table.partition("Rules that")[0], re.MULTILINE)
    listed = re.findall(r"`(\w+)`", "".join(rows))
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert packages <= set(listed)
    depth = {name: number for number, layer in enumerate(layers) for name in layer.split(" | ")}
    depths = [depth[f"hunt.{name}"] for name in listed]
    assert depths == sorted(depths)
