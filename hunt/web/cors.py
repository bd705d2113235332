"""CORS headers of Quart's responses; `hunt.play.cors` has the rule."""

from __future__ import annotations

from collections.abc import Collection

from quart import Request, Response

from hunt.play import cors

#: Paths that no page of another origin may read.
SAME_ORIGIN_ONLY = "/v1/admin"

#: The header that makes an ``OPTIONS`` request a preflight request.
PREFLIGHT_METHOD = "Access-Control-Request-Method"

#: Headers of the answer to a preflight request.
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Last-Event-ID, X-Request-Id, traceparent, tracestate"
    ),
    "Access-Control-Max-Age": "7200",
}


def allow(request: Request, response: Response, origins: Collection[str]) -> None:
    """Let a page of an allowed origin read a response."""
    if not origins or request.path.startswith(SAME_ORIGIN_ONLY):
        return
    origin = request.headers.get("Origin")
    for name, value in cors.headers(origin, origins):
        response.headers.add(name, value)
    allowed = "Access-Control-Allow-Origin" in response.headers
    if allowed and request.method == "OPTIONS" and PREFLIGHT_METHOD in request.headers:
        response.headers.update(PREFLIGHT)
