"""Who makes the request at hand, and whether it may: Quart's request, as `endpoints` wants it."""

from __future__ import annotations

from quart import request

from hunt.engine import Engine
from hunt.web import auth, endpoints


def asked(hunt_id: str) -> endpoints.Asked:
    """Return what the request at hand says of itself."""
    headers, query = request.headers, request.args
    return endpoints.Asked(
        hunt=hunt_id,
        host=request.host,
        authorization=headers.get("Authorization"),
        cookie=request.cookies.get(auth.COOKIE),
        origin=headers.get("Origin"),
        fetch_site=headers.get("Sec-Fetch-Site"),
        content_type=headers.get("Content-Type"),
        ticket=query.get("ticket"),
        scope=query.get("scope"),
        last_event_id=headers.get("Last-Event-ID")
        or query.get("last_event_id")
        or query.get("lastEventId"),
    )


def player(engine: Engine, *, changes: bool = False) -> auth.Identity:
    """Return who makes the request; tickets are for streams only, and do not count here.

    Args:
        engine: Whose secrets sign.
        changes: The request changes something, so a cookie alone is not enough.

    Raises:
        NotAuthenticated: Nobody proved who they are.
        NotAllowed: Another site may have made the browser send this.
    """
    identity = auth.identify(
        engine.secrets,
        authorization=request.headers.get("Authorization"),
        cookie=request.cookies.get(auth.COOKIE),
    )
    if changes and identity.cookie:
        check_origin(engine)
    return identity


def check_origin(engine: Engine) -> None:
    """Raise `NotAllowed` where another site may have made the browser send this."""
    auth.check_origin(
        request.headers.get("Origin"),
        host=request.host,
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        allowed=engine.settings.allowed_origins,
    )
