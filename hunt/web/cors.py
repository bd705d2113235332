"""Which pages of other origins may read what this server says (Fetch Standard, 3.2).

Those of `HUNT_ALLOWED_ORIGINS`, with a token: a cookie is never let in this way.
"""

from __future__ import annotations

from collections.abc import Collection

from quart import Request, Response

#: Where no page of another origin has any business.
CLOSED = "/v1/admin"

#: What a page may read beside the plain headers.
EXPOSED = "Retry-After, X-Request-Id"

#: What a request of a page may be, beside a plain one.
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-Id",
    "Access-Control-Max-Age": "7200",
}


def allow(request: Request, response: Response, origins: Collection[str]) -> None:
    """Let a page of an allowed origin read a response."""
    if not origins or request.path.startswith(CLOSED):
        return
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin is None or origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(PREFLIGHT)
