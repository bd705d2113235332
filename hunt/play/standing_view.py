"""``GET /v1/hunts/{hunt}/standing``: the rank, points and wins of the player."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hunt.core import wire
from hunt.core.hunts import Hunt
from hunt.core.leaderboard import Standing
from hunt.core.proxies import Peer
from hunt.play.auth import Authenticator, check_hunt
from hunt.play.replies import Reply, json_reply
from hunt.play.request import Request
from hunt.play.resources import READS


class StandingView:
    """The standing of each player; always read from the database, at a bounded cost.

    Args:
        visible: Returns the hunt of an id, or raises `HuntNotFound`.
        standing: Returns the standing of a player in a hunt; None without a win.
        authenticator: Authenticates the player.
    """

    route = "/v1/hunts/<hunt_id>/standing"
    methods = READS

    def __init__(
        self,
        visible: Callable[[str], Hunt],
        standing: Callable[[str, str], Awaitable[Standing | None]],
        authenticator: Authenticator,
    ) -> None:
        self._visible = visible
        self._standing = standing
        self._authenticator = authenticator

    def peek(self, request: Request, peer: Peer) -> None:
        """See `hunt.play.resources.Resource`."""

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        identity = self._authenticator.identify(request)
        check_hunt(identity, self._visible(request.hunt).id)
        found = await self._standing(request.hunt, identity.player)
        shown = Standing(0, 0, None) if found is None else found
        return json_reply(
            wire.encode(
                {
                    "hunt": request.hunt,
                    "rank": shown.rank,
                    "points": shown.points,
                    "wins": shown.wins,
                }
            )
        )
