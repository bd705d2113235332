"""Headers that let pages of allowed origins read responses (CORS, Fetch Standard 3.2).

The origins are those of `HUNT_ALLOWED_ORIGINS`.  Their pages use tokens: credentials such
as cookies are never allowed.
"""

from __future__ import annotations

from collections.abc import Collection

from quart import Request, Response

#: Paths that no page of another origin may read.
SAME_ORIGIN_ONLY = "/v1/admin"

#: Response headers that a page may read, besides the safelisted ones.
EXPOSED_HEADERS = "Retry-After, X-Request-Id"

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
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin is None or origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(PREFLIGHT)
