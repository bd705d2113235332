"""The documentation as a site: ``tox -e docs`` builds it into ``build/docs``.

The pages are those that a code host shows, so links between them are links to files. Files in
the root of the repository become pages in ``project/``; other files become downloads.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import hunt

ROOT = Path(__file__).parents[1]

#: Page -> the file that it shows, below the root of the repository. The page's own text follows.
SHOWN = {
    "index": "docs/README.md",
    "project/readme": "README.md",
    "project/changelog": "CHANGELOG.md",
    "project/contributing": "CONTRIBUTING.md",
    "project/security": "SECURITY.md",
    "project/code-of-conduct": "CODE_OF_CONDUCT.md",
}

project = "hunt"
author = "The authors of hunt"
version = release = hunt.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["README.md"]  # the index on a code host; see SHOWN
nitpicky = True
# Names of other packages, and internal types of signatures: the pages name them without a link.
nitpick_ignore_regex = [("py:.*", r"(?!hunt\.).*"), ("py:.*", r"hunt\.(?!Breaker$).*")]

myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
default_role = "py:obj"

html_theme = "furo"
html_title = f"hunt {release}"
html_copy_source = False
html_show_sourcelink = False
html_static_path: list[str] = []
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

#: A Markdown link, or the end of one whose text is an image; not an absolute URL or an anchor.
LINK = re.compile(r"(\[[^\[\]]*)?\]\((?![a-z]+:)([^()#\s]+)(#[^()\s]*)?\)")


def show_files(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the first line of a page in `SHOWN` by its file, and direct links to pages."""
    folder = ROOT / "docs" / Path(page).parent
    text, origin = source[0], folder
    if page in SHOWN:
        file = ROOT / SHOWN[page]
        _, _, rest = text.partition("\n")
        text, origin = f"{file.read_text('utf-8')}\n{rest}", file.parent
    source[0] = LINK.sub(lambda link: _to_page(link, origin, folder), text)


def _to_page(link: re.Match[str], origin: Path, folder: Path) -> str:
    """Return a link that is relative to `origin` as one that is relative to `folder`."""
    text, path, anchor = link.groups("")
    target = (origin / path).resolve()
    if target.is_dir():
        return text.removeprefix("[")  # a site has no page of a folder
    pages = {ROOT / file: ROOT / "docs" / f"{page}.md" for page, file in SHOWN.items()}
    return f"{text}]({os.path.relpath(pages.get(target, target), folder)}{anchor})"


def short_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Return a signature without the modules of types, and without the addresses of lambdas."""
    if not signature:
        return None
    short = re.sub(r"~[\w.]+\.(\w+)", r"\1", signature)
    return re.sub(r"<function [^ ]+>", "…", short), returns


def setup(app: Sphinx) -> None:
    """Register the hooks, and the languages that have no highlighting."""
    app.connect("source-read", show_files)
    app.connect("autodoc-process-signature", short_signature)
    app.add_lexer("haproxy", TextLexer)
