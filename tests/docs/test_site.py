"""The documentation as a site: it builds without a warning, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import hunt
import hunt.client
from tests.support.measuring import unmeasured

DOCS = Path(__file__).parents[2] / "docs"

#: Elements that make a browser load a resource, and the attribute with its address.
LOADING = {
    "link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src",
    "video": "src", "audio": "src", "object": "data", "embed": "src",
}  # fmt: skip
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)(["']?)(?!data:)([^"')\s]+)\1""")


class Page(HTMLParser):
    """The addresses and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []  #: loaded with the page
        self.linked: list[str] = []  #: followed by the reader
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.anchors.add(found["id"])
        if tag == "a" and "href" in found:
            self.linked.append(found["href"])
        elif (name := LOADING.get(tag)) and name in found:
            self.loaded.append(found[name])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n"]
    done = subprocess.run(
        [*command, "-d", str(built / "cache"), str(DOCS), str(built / "html")],
        check=False, capture_output=True, text=True, env=unmeasured(os.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return built / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Return all pages of the site, by their files."""
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def elsewhere(address: str) -> bool:
    """Return whether an address is on another server."""
    found = urlsplit(address)
    return bool(found.netloc) or found.scheme not in {"", "data"}


def leads_somewhere(target: Path, anchor: str, pages: dict[Path, Page]) -> bool:
    """Return whether a file exists, and has the anchor if there is one."""
    if target not in pages:
        return target.is_file() and not anchor
    return not anchor or anchor in pages[target].anchors


def broken(path: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """Yield the links of a page that lead nowhere in the site."""
    for address in pages[path].linked + pages[path].loaded:
        found = urlsplit(address)
        if found.scheme or found.netloc:
            continue
        target = (path.parent / unquote(found.path)).resolve() if found.path else path
        if not leads_somewhere(target, unquote(found.fragment), pages):
            yield address


def test_site_has_every_document(pages: dict[Path, Page], site: Path) -> None:
    documents = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    built = {path.relative_to(site) for path in pages}
    assert documents - {Path("README.html")} <= built


def test_pages_load_nothing_from_elsewhere(pages: dict[Path, Page]) -> None:
    found = {each for page in pages.values() for each in page.loaded}
    assert len(found) > 10
    assert {each for each in found if elsewhere(each)} == set()


def test_styles_load_nothing_from_elsewhere(site: Path) -> None:
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    found = {match[1] for text in styles for match in CSS_ADDRESS.findall(text)}
    assert {each for each in found if elsewhere(each)} == set()


def test_internal_links_resolve(pages: dict[Path, Page]) -> None:
    assert {path.name: wrong for path in pages if (wrong := list(broken(path, pages)))} == {}


def test_python_api_explains_every_public_name(pages: dict[Path, Page], site: Path) -> None:
    anchors = pages[site / "reference" / "python-api.html"].anchors
    names = [f"hunt.{name}" for name in hunt.__all__ if name != "__version__"]
    names += [f"hunt.client.{name}" for name in hunt.client.__all__]
    assert [name for name in names if name not in anchors] == []
    assert {"hunt.Breaker.admit", "hunt.testing.oracle.check_history"} <= anchors


def test_wrong_addresses_are_found(tmp_path: Path) -> None:
    text = (
        '<link href="https://fonts.example/a.css"><script src="//cdn.example/a.js"></script>'
        '<img src="data:x"><h1 id="here"></h1><a href="#here"></a><a href="gone.html#x"></a>'
        '<a href="#gone"></a>'
    )
    page = Page(text)
    assert [each for each in page.loaded if elsewhere(each)] == [
        "https://fonts.example/a.css", "//cdn.example/a.js",
    ]  # fmt: skip
    file = tmp_path / "page.html"
    file.write_text(text)
    assert list(broken(file, {file: page})) == ["gone.html#x", "#gone"]
    assert CSS_ADDRESS.findall("a{b:url('//x.example/y')} c{d:url(\"data:e\")}") == [
        ("'", "//x.example/y")
    ]
