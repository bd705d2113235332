"""``GET /v1/challenge``: what a visitor must do to become a guest."""

from __future__ import annotations

from hunt.core import wire
from hunt.core.proxies import Peer
from hunt.play.replies import Reply, json_reply
from hunt.play.request import Request
from hunt.service.challenges import Challenges


class ChallengeView:
    """A new challenge for each request.

    Args:
        challenges: The challenge of the server; None: there is none.
    """

    route = "/v1/challenge"
    methods = frozenset({"GET"})

    def __init__(self, challenges: Challenges | None) -> None:
        self._challenges = challenges

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        if self._challenges is None:
            return json_reply(wire.encode({"kind": "none"}))
        return json_reply(wire.encode(self._challenges.offered()))

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)
