"""The game page, and the files that it loads; all of them from here."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable
from importlib import resources

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hunt.engine import Engine
from hunt.web import problem_page, problems, who
from hunt.web.asgi_http import empty
from hunt.web.openapi import document

#: No script, style, image or connection but our own; none of them inline.
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

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of the page; its files are read once, here."""
    routes = Blueprint("pages", __name__)
    folder = resources.files("hunt.web").joinpath("static")
    files = {
        each.name: each.read_bytes()
        for place in (folder, folder / "vendor")
        for each in place.iterdir()
        if each.is_file()
    }

    explanation = problem_page.page()

    @routes.get("/")
    async def game() -> Response:
        return file("index.html")

    @routes.get("/docs")
    async def docs() -> Response:
        return file("docs.html")

    @routes.get(problems.PAGE)
    async def explained() -> Response:
        return served(explanation, "text/html")

    @routes.get("/ops")
    async def ops() -> Response:
        # The page knows nothing yet: what it asks for takes an operator's token.
        who.check_place(engine())
        return file("ops.html")

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return served(document.document(), "application/json")

    @routes.get("/static/<name>")
    async def static(name: str) -> Response:
        return file(name)

    def file(name: str) -> Response:
        content = files.get(name)
        if content is None:
            raise NotFound("there is no such file")
        return served(content, mimetypes.guess_type(name)[0] or "application/octet-stream")

    def served(content: bytes, mimetype: str) -> Response:
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:20]}"',
            "Cache-Control": "no-cache",
            "Content-Security-Policy": POLICY,
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return empty(304, headers)
        return Response(content, mimetype=mimetype, headers=headers)

    return routes
