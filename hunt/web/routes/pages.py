"""The pages (game, operations, API reference) and the files that they load."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hunt.operations import Operations
from hunt.play import problems
from hunt.web import caller, problem_page
from hunt.web.openapi import document
from hunt.web.responses import empty

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

#: Media types by file name suffix.
_MIMETYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, ready to be served."""

    content: bytes
    mimetype: str
    etag: str  #: quoted, as in the header

    @classmethod
    def of(cls, content: bytes, mimetype: str) -> Asset:
        """Return an asset with this content, and with an ETag that is computed from it."""
        return cls(content, mimetype, f'"{hashlib.sha256(content).hexdigest()[:20]}"')

    def response(self) -> Response:
        """Return the file, or 304 if the client has this version of it."""
        headers = {
            "ETag": self.etag,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": POLICY,
        }
        if request.headers.get("If-None-Match") == self.etag:
            return empty(304, headers)
        return Response(self.content, mimetype=self.mimetype, headers=headers)


def blueprint(operations: Operations) -> Blueprint:
    """Return the routes of the pages; reads all static files once."""
    routes = Blueprint("pages", __name__)
    files = dict(_static_files(resources.files("hunt.web").joinpath("static")))
    problem_types = Asset.of(problem_page.page(), "text/html")
    openapi_document = Asset.of(document.document(), "application/json")

    def respond(path: str) -> Response:
        if path not in files:
            raise NotFound("there is no such file")
        return files[path].response()

    @routes.get("/")
    async def game() -> Response:
        return respond("game/game.html")

    @routes.get("/docs")
    async def docs() -> Response:
        return respond("docs/docs.html")

    @routes.get(problems.PAGE)
    async def explained() -> Response:
        return problem_types.response()

    @routes.get("/ops")
    async def ops() -> Response:
        # The page itself is not secret.  Every request that it sends needs an operator token.
        caller.check_operations_address(operations)
        return respond("ops/ops.html")

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return openapi_document.response()

    @routes.get("/static/<name>")
    async def static(name: str) -> Response:
        return respond(name)

    @routes.get("/static/<folder>/<name>")
    async def static_in_folder(folder: str, name: str) -> Response:
        return respond(f"{folder}/{name}")

    return routes


def _static_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Asset]]:
    """Yield the path below ``/static/`` and the content of every file in `folder`."""
    for each in folder.iterdir():
        path = f"{prefix}{each.name}"
        if each.is_dir():
            yield from _static_files(each, f"{path}/")
        else:
            mimetype = _MIMETYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
            yield path, Asset.of(each.read_bytes(), mimetype)
