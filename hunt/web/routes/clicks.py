"""``POST /v1/hunts/{hunt}/clicks``: a click, and its answer once that is durable."""

from __future__ import annotations

from collections.abc import Callable

import trio
from quart import Blueprint, Response

from hunt.core import wire
from hunt.core.events import Outcome, Settlement
from hunt.core.proxies import Peer
from hunt.engine import Engine
from hunt.play import endpoints
from hunt.web import bodies, who


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the route of clicks."""
    routes = Blueprint("clicks", __name__)

    @routes.post("/v1/hunts/<hunt_id>/clicks")
    async def click(hunt_id: str) -> Response:
        serving, now = engine(), trio.current_time()
        standing = endpoints.standing(serving, who.asked(hunt_id))
        endpoints.enter(serving, standing, now)
        endpoints.check_kind(serving, standing, now)
        body = await bodies.body()
        settlement = await settle(serving, standing, who.peer(serving), body)
        return Response(wire.settlement_json(settlement), mimetype="application/json")

    return routes


async def settle(
    engine: Engine, standing: endpoints.Standing, peer: Peer, body: bytes
) -> Settlement:
    """Return what became of a click, once that is durable.

    Cancelled, the click may still count.

    Raises:
        Refused: It does not count, or may not.
    """
    answer = _Answer()
    endpoints.click(engine, standing, peer, body, answer.set, trio.current_time())
    outcome = await answer.get()
    if not isinstance(outcome, Settlement):
        raise endpoints.shown(engine, standing.asked.hunt, outcome)
    return outcome


class _Answer:
    """One outcome, from the lane to the task that waits for it."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self._outcome: Outcome | None = None

    def set(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._event.set()

    async def get(self) -> Outcome:
        await self._event.wait()
        assert self._outcome is not None
        return self._outcome
