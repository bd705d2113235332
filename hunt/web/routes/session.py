"""Guests and tickets: how a browser becomes a player."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from quart import Blueprint, Response

from hunt.core import wire
from hunt.core.tokens import sign, sign_ticket
from hunt.engine import Engine
from hunt.errors import NoGuests, NotAuthenticated
from hunt.play import auth
from hunt.play.request import COOKIE
from hunt.web import caller


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of sessions and tickets."""
    routes = Blueprint("session", __name__)

    @routes.post("/v1/session")
    async def session() -> Response:
        serving = engine()
        if not serving.settings.guests_allowed:
            raise NoGuests("this server has no guests: bring a token")
        asked = caller.play_request()
        if asked.origin is not None:  # without a cookie, nothing can be forged
            serving.play.authenticator.check_origin(asked)
        if asked.cookie is not None:
            try:
                known = serving.tokens.verify(asked.cookie, "cookie")
            except NotAuthenticated:
                pass  # expired, or signed by another secret: make a new guest
            else:
                return Response(wire.encode({"player": known.player}), mimetype="application/json")
        serving.limits.sessions.address(caller.source(serving).key)
        player = auth.guest()
        ttl = auth.GUEST_DAYS * 86400
        token = sign(serving.settings.jwt_secret, player, ttl=ttl, now=datetime.now(UTC))
        response = Response(
            wire.encode({"player": player}), status=201, mimetype="application/json"
        )
        response.set_cookie(
            COOKIE,
            token,
            max_age=ttl,
            httponly=True,
            samesite="Lax",
            secure=caller.secure(serving),
        )
        return response

    @routes.post("/v1/tickets")
    async def tickets() -> Response:
        serving = engine()
        identity = caller.player(serving, changes=True)
        serving.limits.tickets.player(identity.player)
        serving.limits.tickets.address(caller.source(serving).key)
        now = datetime.now(UTC)
        ttl = max(min(auth.TICKET_SECONDS, int(identity.until - now.timestamp())), 1)
        ticket = sign_ticket(serving.settings.jwt_secret, identity, ttl=ttl, now=now)
        return Response(
            wire.encode({"ticket": ticket, "expires_in": ttl}), mimetype="application/json"
        )

    return routes
