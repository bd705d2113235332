"""``POST /v1/session``: become a guest, or learn which one the cookie belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hunt.core import wire
from hunt.core.proxies import Peer
from hunt.core.tokens import sign
from hunt.errors import ChallengeRequired, NoGuests, NotAuthenticated
from hunt.play.auth import GUEST_DAYS, guest
from hunt.play.play import Play
from hunt.play.replies import Reply, json_reply
from hunt.play.request import COOKIE, Request
from hunt.service.challenges import Challenges
from hunt.service.limits import Limits


class Guests:
    """Sessions of guests.

    Args:
        play: Checks origins and cookies, and knows the proxies.
        secrets: Secrets of the server; the first signs.
        allowed: Whether the server admits guests.
        limits: Limit of new sessions by address.
        challenges: The challenge that a visitor must pass; None: there is none.
    """

    route = "/v1/session"
    methods = frozenset({"POST"})

    def __init__(
        self,
        play: Play,
        *,
        secrets: Sequence[bytes],
        allowed: bool,
        limits: Limits,
        challenges: Challenges | None,
    ) -> None:
        self._play = play
        self._secrets = secrets
        self._allowed = allowed
        self._limits = limits
        self._challenges = challenges

    def peek(self, request: Request, peer: Peer) -> Reply | None:
        """See `hunt.play.resources.Resource`; only the answer to a challenge takes time."""
        known = self._known(request, peer)
        if known is not None:
            return known
        if self._challenges is not None:
            if request.challenge is None:
                raise ChallengeRequired
            return None
        return self._new(request, peer)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        found = self.peek(request, peer)
        if found is not None:
            return found
        assert self._challenges is not None, "nothing else takes time"
        assert request.challenge is not None
        reply = self._new(request, peer)  # limits come first, because they cost less
        await self._challenges.verify(request.challenge)
        return reply

    def _known(self, request: Request, peer: Peer) -> Reply | None:
        """Return the answer to a request with the cookie of a player; None: it is a visitor.

        Raises:
            Refused: The request is refused.
        """
        if not self._allowed:
            raise NoGuests("this server admits no guests: send a token")
        authenticator = self._play.authenticator
        if request.origin is not None:  # without a cookie, nothing can be forged
            authenticator.check_origin(request)
        if request.cookie is not None:
            try:
                known = authenticator.of_cookie(request.cookie)
            except NotAuthenticated:
                pass  # expired, or signed by another secret: make a new guest
            else:
                key = self._play.address(peer, request.forwarded)
                self._play.bans.check(None, player=known.player, key=key)
                return json_reply(wire.encode({"player": known.player}))
        return None

    def _new(self, request: Request, peer: Peer) -> Reply:
        """Return the answer to a visitor, who becomes a guest.

        Raises:
            Refused: A ban or a limit refuses the visitor.
        """
        source = self._play.proxies.source(peer, request.forwarded)
        self._play.bans.check(None, player=None, key=source.key)
        self._limits.sessions.address(source.key)
        player = guest()
        secure = request.encrypted if source.secure is None else source.secure
        cookie = ("Set-Cookie", self._cookie(player, secure=secure))
        return json_reply(wire.encode({"player": player}), status=201, headers=(cookie,))

    def _cookie(self, player: str, *, secure: bool) -> str:
        """Return the value of ``Set-Cookie`` for a new guest (RFC 6265, 4.1)."""
        now, ttl = datetime.now(UTC), GUEST_DAYS * 86400
        token = sign(self._secrets, player, ttl=ttl, now=now)
        expires = format_datetime(now + timedelta(seconds=ttl), usegmt=True)
        only = "Secure; HttpOnly" if secure else "HttpOnly"
        return f"{COOKIE}={token}; Expires={expires}; Max-Age={ttl}; {only}; Path=/; SameSite=Lax"
