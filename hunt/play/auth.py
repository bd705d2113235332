"""Who a player is: signed tokens and cookies, never a path or a body."""

from __future__ import annotations

import secrets as random
from collections.abc import Collection
from urllib.parse import urlsplit

from hunt.core.token_verifier import TokenVerifier
from hunt.core.tokens import ADMIN, OWN, PLAYER, TICKET, Identity, Use, sign, sign_ticket
from hunt.errors import NotAllowed, NotAuthenticated

__all__ = [
    "ADMIN", "COOKIE", "GUEST_DAYS", "OWN", "PLAYER", "TICKET", "TICKET_SECONDS", "Identity",
    "check_hunt", "check_origin", "guest", "identify", "sign", "sign_ticket",
]  # fmt: skip

COOKIE = "hunt_player"
GUEST_DAYS = 30
TICKET_SECONDS = 60

#: Characters of an ``Origin``, at most.
MAX_ORIGIN = 512


OTHER_HUNT = "this token is not for this hunt"
ALL_HUNTS = "this concerns all hunts, and this token is for some of them only"


def identify(
    tokens: TokenVerifier,
    *,
    authorization: str | None,
    cookie: str | None = None,
    ticket: str | None = None,
    use: Use = "bearer",
) -> Identity:
    """Return who makes a request; the header beats the ticket, and that the cookie.

    Args:
        tokens: Verifies them.
        authorization: The header; None where it is absent, as with the others.
        cookie: Of the player, by name.
        ticket: Of the query.
        use: What the header's token must be for.

    Raises:
        NotAuthenticated: Nobody says who they are, or not truly.
        Overloaded: Who they are cannot be told now.
    """
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("a bearer token is needed")
        return tokens.verify(token.strip(), use)
    if ticket is not None:
        return tokens.verify(ticket, "ticket")
    if cookie is not None:
        return tokens.verify(cookie, "cookie")
    raise NotAuthenticated("a bearer token, or the cookie of a session, is needed")


def check_hunt(identity: Identity, hunt: str) -> None:
    """Raise `NotAllowed` where the token is for other hunts."""
    if identity.hunts is not None and hunt not in identity.hunts:
        raise NotAllowed(OTHER_HUNT)


def check_origin(
    origin: str | None, *, host: str, fetch_site: str | None, allowed: Collection[str]
) -> None:
    """Raise `NotAllowed` where another site may have made a browser send this.

    Args:
        origin: The header; browsers send it with every POST.
        host: The request's own.
        fetch_site: ``Sec-Fetch-Site``, which a page cannot forge.
        allowed: Origins besides the server's own.
    """
    if origin is None:
        if fetch_site in {"same-origin", "none"}:
            return
        raise NotAllowed("a request with a cookie must say its Origin")
    if origin not in allowed and _authority(origin) != host:
        raise NotAllowed("this origin is not allowed: see HUNT_ALLOWED_ORIGINS")


def _authority(origin: str) -> str | None:
    if len(origin) > MAX_ORIGIN:  # `urlsplit` remembers what it has split
        return None
    try:
        return urlsplit(origin).netloc
    except ValueError:  # a bracket too few
        return None


def guest() -> str:
    """Return a new guest's player id."""
    return f"guest-{random.token_hex(8)}"
