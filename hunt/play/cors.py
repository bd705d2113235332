"""Headers that let pages of allowed origins read answers (CORS, Fetch Standard 3.2).

The origins are those of `HUNT_ALLOWED_ORIGINS`.  Their pages use tokens: credentials such
as cookies are never allowed.
"""

from __future__ import annotations

from collections.abc import Collection

#: Response headers that a page may read, besides the safelisted ones.
EXPOSED_HEADERS = "Retry-After, X-Request-Id"


def headers(origin: str | None, origins: Collection[str]) -> list[tuple[str, str]]:
    """Return the headers of an answer.

    Args:
        origin: ``Origin`` of the request; None without one.
        origins: The allowed origins.
    """
    if not origins:
        return []
    varies = ("Vary", "Origin")
    if origin is None or origin not in origins:
        return [varies]
    exposed = ("Access-Control-Expose-Headers", EXPOSED_HEADERS)
    return [varies, ("Access-Control-Allow-Origin", origin), exposed]
