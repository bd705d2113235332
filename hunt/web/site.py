"""The pages and files of the package, as documents by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from hunt.play import problems
from hunt.play.replies import Document
from hunt.play.resources import Fixed, Resource
from hunt.web import problem_page
from hunt.web.openapi import document

#: Allows scripts, styles, images and connections of this server only, and nothing inline.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

#: Values of ``Content-Type`` by file name suffix.
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}

#: Files of the pages, by path.
_PAGES = {"/": "game/game.html", "/docs": "docs/docs.html", "/ops": "ops/ops.html"}

#: Route templates of the files in the folder ``static`` and in the folders below it.
_ROUTES = ("/static/<name>", "/static/<folder>/<name>")


def page(body: bytes, policy: str = POLICY) -> Document:
    """Return the document of an HTML page."""
    return Document(body, _TYPES[".html"], headers=(("Content-Security-Policy", policy),))


def site() -> dict[str, Resource]:
    """Return the resource of every page and file by its path; reads all files once."""
    files = dict(_files(_static()))
    found: dict[str, Resource] = {
        f"/static/{path}": Fixed(_ROUTES[path.count("/")], _file(path, content))
        for path, content in files.items()
    }
    for path, name in _PAGES.items():
        found[path] = Fixed(path, page(files[name]))
    found[problems.PAGE] = Fixed(problems.PAGE, page(problem_page.page()))
    headers = (("Content-Security-Policy", POLICY),)
    found["/openapi.json"] = Fixed("/openapi.json", Document(document.document(), headers=headers))
    return found


def _file(path: str, content: bytes) -> Document:
    """Return the document of a file."""
    suffix = PurePosixPath(path).suffix
    return Document(
        content,
        _TYPES.get(suffix, "application/octet-stream"),
        headers=(("Content-Security-Policy", POLICY),),
        level=0 if suffix == ".png" else 9,
    )


def _static() -> Traversable:
    return resources.files("hunt.web").joinpath("static")


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the path below ``/static/`` and the content of every file in `folder`."""
    for each in folder.iterdir():
        path = f"{prefix}{each.name}"
        if each.is_dir():
            yield from _files(each, f"{path}/")
        else:
            yield path, each.read_bytes()
