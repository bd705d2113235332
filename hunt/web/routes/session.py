"""``POST /v1/session`` and ``POST /v1/tickets``: guest sessions and tickets."""

from __future__ import annotations

from datetime import UTC, datetime

from quart import Blueprint, Response

from hunt.core import wire
from hunt.core.token_verifier import TokenVerifier
from hunt.core.tokens import sign, sign_ticket
from hunt.errors import NoGuests, NotAuthenticated
from hunt.play import auth
from hunt.play.play import Play
from hunt.play.request import COOKIE
from hunt.service.limits import Limits
from hunt.settings import Settings
from hunt.web import caller


def blueprint(
    play: Play, *, settings: Settings, tokens: TokenVerifier, limits: Limits
) -> Blueprint:
    """Return the routes of sessions and tickets."""
    routes = Blueprint("session", __name__)

    @routes.post("/v1/session")
    async def session() -> Response:
        if not settings.guests_allowed:
            raise NoGuests("this server admits no guests: send a token")
        asked = caller.play_request()
        if asked.origin is not None:  # without a cookie, nothing can be forged
            play.authenticator.check_origin(asked)
        if asked.cookie is not None:
            try:
                known = tokens.verify(asked.cookie, "cookie")
            except NotAuthenticated:
                pass  # expired, or signed by another secret: make a new guest
            else:
                return Response(wire.encode({"player": known.player}), mimetype="application/json")
        limits.sessions.address(caller.source(play).key)
        player = auth.guest()
        ttl = auth.GUEST_DAYS * 86400
        token = sign(settings.jwt_secret, player, ttl=ttl, now=datetime.now(UTC))
        response = Response(
            wire.encode({"player": player}), status=201, mimetype="application/json"
        )
        response.set_cookie(
            COOKIE,
            token,
            max_age=ttl,
            httponly=True,
            samesite="Lax",
            secure=caller.secure(play),
        )
        return response

    @routes.post("/v1/tickets")
    async def tickets() -> Response:
        identity = caller.player(play, changes=True)
        limits.tickets.player(identity.player)
        limits.tickets.address(caller.source(play).key)
        now = datetime.now(UTC)
        ttl = max(min(auth.TICKET_SECONDS, int(identity.until - now.timestamp())), 1)
        ticket = sign_ticket(settings.jwt_secret, identity, ttl=ttl, now=now)
        return Response(
            wire.encode({"ticket": ticket, "expires_in": ttl}), mimetype="application/json"
        )

    return routes
