"""Who makes the request at hand, and whether it may."""

from __future__ import annotations

from quart import request

from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import HuntNotFound
from hunt.web import auth


def player(engine: Engine, *, changes: bool = False, ticket: bool = False) -> auth.Identity:
    """Return who makes the request.

    Args:
        engine: Whose secrets sign.
        changes: The request changes something, so a cookie alone is not enough.
        ticket: ``?ticket=`` counts here.

    Raises:
        NotAuthenticated: Nobody proved who they are.
        NotAllowed: Another site may have made the browser send this.
    """
    identity = auth.identify(
        engine.secrets,
        authorization=request.headers.get("Authorization"),
        cookie=request.cookies.get(auth.COOKIE),
        ticket=request.args.get("ticket") if ticket else None,
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


def hunt_of(engine: Engine, identity: auth.Identity | None, hunt_id: str) -> Hunt:
    """Return a hunt that exists, and that the player may take part in.

    Raises:
        HuntNotFound: There is none.
        NotAllowed: The token is for others.
    """
    hunt = engine.hunts.get(hunt_id)
    if hunt is None:
        raise HuntNotFound(f"there is no hunt {hunt_id!r}")
    if identity is not None:
        auth.check_hunt(identity, hunt_id)
    return hunt
