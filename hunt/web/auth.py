"""Who a player is: signed tokens and cookies, never a path or a body."""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

import jwt
from msgspec import Struct

from hunt.core.wire import valid_player
from hunt.errors import NotAllowed, NotAuthenticated

PLAYER, ADMIN, TICKET = "hunt", "hunt-admin", "hunt-ticket"  # audiences
ALGORITHMS = ["HS256"]  # fixed here; what a token says of itself is not asked
COOKIE = "hunt_player"
GUEST_DAYS = 30
TICKET_SECONDS = 60

#: Verified tokens that are remembered until they expire: a busy player pays once.
REMEMBERED = 16_384


class Identity(Struct, frozen=True, gc=False):
    """Who makes a request."""

    player: str
    hunts: frozenset[str] | None  #: those allowed; None is all
    cookie: bool  #: known by cookie, which a browser sends unasked


def sign(
    secrets: Sequence[bytes],
    player: str,
    *,
    audience: str = PLAYER,
    ttl: float,
    now: datetime,
    hunts: Collection[str] | None = None,
) -> str:
    """Return a token for `player`, valid for `ttl` seconds from `now`; the first secret signs."""
    claims: dict[str, object] = {
        "sub": player,
        "aud": audience,
        "iat": now,
        "exp": now + timedelta(seconds=ttl),
    }
    if hunts is not None:
        claims["hunts"] = sorted(hunts)
    return jwt.encode(claims, secrets[0], algorithm=ALGORITHMS[0])


def verify(
    secrets: Sequence[bytes], token: str, *, audience: str = PLAYER, cookie: bool = False
) -> Identity:
    """Return whom a token speaks for.

    Raises:
        NotAuthenticated: It is not valid; what is wrong with it is not said.
    """
    identity, expires = _verified(tuple(secrets), token, audience, cookie)
    if time.time() >= expires:  # since it was verified
        raise NotAuthenticated("the token is not valid")
    return identity


@lru_cache(REMEMBERED)
def _verified(
    secrets: tuple[bytes, ...],
    token: str,
    audience: str,
    cookie: bool,
) -> tuple[Identity, float]:
    """Return whom a token speaks for, and until when; only what is valid is remembered."""
    for secret in secrets:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=ALGORITHMS,
                audience=audience,
                options={"require": ["sub", "exp", "aud"]},
            )
        except jwt.InvalidSignatureError:
            continue  # perhaps signed with another one
        except (jwt.InvalidTokenError, ValueError, UnicodeError):
            break
        player, hunts = claims["sub"], claims.get("hunts")
        if not isinstance(player, str) or not valid_player(player):
            break
        if hunts is not None and not (
            isinstance(hunts, list) and all(isinstance(each, str) for each in hunts)
        ):
            break
        allowed = None if hunts is None else frozenset(hunts)
        return Identity(player, allowed, cookie), float(claims["exp"])
    raise NotAuthenticated("the token is not valid")


def identify(
    secrets: Sequence[bytes],
    *,
    authorization: str | None,
    cookie: str | None,
    ticket: str | None = None,
) -> Identity:
    """Return who makes a request; the header beats the ticket, and that the cookie.

    Raises:
        NotAuthenticated: Nobody says who they are, or not truly.
    """
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("a bearer token is needed")
        return verify(secrets, token.strip())
    if ticket is not None:
        return verify(secrets, ticket, audience=TICKET)
    if cookie is not None:
        return verify(secrets, cookie, cookie=True)
    raise NotAuthenticated("a bearer token, or the cookie of a session, is needed")


def check_hunt(identity: Identity, hunt: str) -> None:
    """Raise `NotAllowed` where the token is for other hunts."""
    if identity.hunts is not None and hunt not in identity.hunts:
        raise NotAllowed("this token is not for this hunt")


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
    if origin not in allowed and urlsplit(origin).netloc != host:
        raise NotAllowed("this origin is not allowed: see HUNT_ALLOWED_ORIGINS")


def guest() -> str:
    """Return a new guest's player id."""
    return f"guest-{random.token_hex(8)}"
