"""Authentication of players, by bearer token, ticket or cookie."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from hunt.core.token_verifier import TokenVerifier
from hunt.core.tokens import Identity, Use
from hunt.errors import NotAllowed, NotAuthenticated
from hunt.play.request import CachedIdentity, Request, unsupported_body

GUEST_DAYS = 30
TICKET_SECONDS = 60

#: Maximum length of an ``Origin``, in characters.
MAX_ORIGIN = 512

EXPIRED = "the token has expired, or its key was removed: connect with a new one"
OTHER_HUNT = "this token is not for this hunt"
ALL_HUNTS = "this concerns all hunts, and this token is only for some of them"


class Authenticator:
    """Authenticate requests.

    Args:
        tokens: Verifies tokens, tickets and cookies.
        origins: Origins, besides the server's own, whose pages may act for a player.
        clock: The wall clock, in seconds.
    """

    def __init__(
        self, tokens: TokenVerifier, *, origins: Collection[str], clock: Callable[[], float]
    ) -> None:
        self._tokens = tokens
        self._origins = origins
        self._clock = clock

    def identify(
        self, request: Request, *, changes: bool = False, ticket: bool = False, use: Use = "bearer"
    ) -> Identity:
        """Return the identity behind a request; the header precedes the ticket and the cookie.

        Args:
            request: The request.
            changes: The request changes something, so a cookie needs an allowed origin.
            ticket: Whether a ticket is accepted.
            use: Purpose that the token in the header must have; only players have cookies.

        Raises:
            NotAuthenticated: The credentials are missing or invalid.
            NotAllowed: Another site may have made the browser send this request.
            Overloaded: The keys of tokens are not known yet.
        """
        if request.authorization is not None:
            scheme, _, token = request.authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise NotAuthenticated("a bearer token is needed")
            return self._tokens.verify(token.strip(), use)
        if use == "bearer" and ticket and request.ticket is not None:
            return self._tokens.verify(request.ticket, "ticket")
        if use == "bearer" and request.cookie is not None:
            identity = self._tokens.verify(request.cookie, "cookie")
            if changes:
                self.check_origin(request)
            return identity
        raise NotAuthenticated("a bearer token, or the cookie of a session, is needed")

    def of_cookie(self, cookie: str) -> Identity:
        """Return the identity of a session's cookie.

        Raises:
            NotAuthenticated: The cookie is not valid.
        """
        return self._tokens.verify(cookie, "cookie")

    def cache(self, request: Request) -> CachedIdentity:
        """Authenticate a click, and cache the result in its request.

        Raises:
            Refused: See `identify`; nothing is cached then.
        """
        request.identity = None
        identity = self.identify(request, changes=True)
        request.identity = CachedIdentity(
            player=identity.player,
            until=identity.until,
            generation=self._tokens.generation,
            allowed=identity.hunts is None or request.hunt in identity.hunts,
            unsupported=unsupported_body(request.content_type, request.content_encoding),
        )
        return request.identity

    def is_valid(self, cached: CachedIdentity) -> bool:
        """Return whether a cached identity is still valid."""
        return cached.generation == self._tokens.generation and self._clock() < cached.until

    def holds(self, identity: Identity) -> bool:
        """Return whether the token behind an identity is still valid."""
        return self._tokens.hold(identity)

    def check_origin(self, request: Request) -> None:
        """Raise `NotAllowed` if another site may have made a browser send this request.

        Browsers send ``Origin`` with every POST; no page can forge ``Sec-Fetch-Site``.
        """
        origin = request.origin
        if origin is None:
            if request.fetch_site in {"same-origin", "none"}:
                return
            raise NotAllowed("a request with a cookie must carry an Origin header")
        self.check_own(origin, request.host)

    def check_own(self, origin: str, host: str) -> None:
        """Raise `NotAllowed` if an origin is neither the server's own nor allowed.

        Args:
            origin: The ``Origin`` header.
            host: The request's host.
        """
        if origin not in self._origins and _authority(origin) != host:
            raise NotAllowed("this origin is not allowed: see HUNT_ALLOWED_ORIGINS")


def check_hunt(identity: Identity, hunt: str) -> None:
    """Raise `NotAllowed` if the token does not permit the hunt."""
    if identity.hunts is not None and hunt not in identity.hunts:
        raise NotAllowed(OTHER_HUNT)


def _authority(origin: str) -> str | None:
    if len(origin) > MAX_ORIGIN:  # `urlsplit` caches its arguments
        return None
    try:
        return urlsplit(origin).netloc
    except ValueError:  # for example an IPv6 address with one bracket
        return None


def guest() -> str:
    """Return a new guest's player id."""
    return f"guest-{secrets.token_hex(8)}"
