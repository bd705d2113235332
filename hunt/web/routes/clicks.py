"""``POST /v1/hunts/{hunt}/clicks``: a click, answered once its outcome is durable."""

from __future__ import annotations

import trio
from quart import Blueprint, Response

from hunt.core import wire
from hunt.core.events import Settlement
from hunt.play import contract
from hunt.play.pending import settle
from hunt.play.play import Play
from hunt.web import bodies, caller


def blueprint(play: Play) -> Blueprint:
    """Return the route of clicks."""
    routes = Blueprint("clicks", __name__)

    @routes.post(contract.CLICKS)
    async def click(hunt_id: str) -> Response:
        asked = caller.play_request(hunt_id)
        # The head is checked before the body is read, so that a client that waits for
        # "100 Continue" need not send the body of a refused click.
        refusal = play.check(asked, trio.current_time())
        if refusal is not None:
            raise refusal
        body = await bodies.body()
        arrived = trio.current_time()
        outcome = await settle(play, asked, caller.peer(play), body, arrived, checked=True)
        if not isinstance(outcome, Settlement):
            raise outcome
        return Response(wire.settlement_json(outcome), mimetype="application/json")

    return routes
