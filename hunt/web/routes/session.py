"""``POST /v1/session`` and ``POST /v1/tickets``: guest sessions and tickets."""

from __future__ import annotations

from datetime import UTC, datetime

from quart import Blueprint, Response

from hunt.core import wire
from hunt.core.tokens import sign_ticket
from hunt.play import auth
from hunt.play.play import Play
from hunt.play.resources import Resource
from hunt.service.limits import Limits
from hunt.settings import Settings
from hunt.web import caller
from hunt.web.routes.reading import add_resource


def blueprint(
    play: Play, *, settings: Settings, guests: Resource, challenge: Resource, limits: Limits
) -> Blueprint:
    """Return the routes of sessions, challenges and tickets."""
    routes = Blueprint("session", __name__)
    add_resource(routes, play, guests)
    add_resource(routes, play, challenge)

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
