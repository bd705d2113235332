"""``GET /v1/hunts/{hunt}/rewards``: a player's own rewards."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hunt.core import wire
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer
from hunt.play.auth import Authenticator, check_hunt
from hunt.play.greeting import Log
from hunt.play.replies import Reply, json_reply
from hunt.play.request import Request, whole_number
from hunt.play.resources import READS

#: Maximum number of rewards in one page.
MAX_LIMIT = 1000


class HistoryView:
    """The rewards of each player; always read from the database.

    Args:
        visible: Returns the hunt of an id, or raises `HuntNotFound`.
        log: Has the rewards.
        authenticator: Authenticates the player.
    """

    route = "/v1/hunts/<hunt_id>/rewards"
    methods = READS

    def __init__(
        self, visible: Callable[[str], Hunt], log: Log, authenticator: Authenticator
    ) -> None:
        self._visible = visible
        self._log = log
        self._authenticator = authenticator

    def peek(self, request: Request, peer: Peer) -> None:
        """See `hunt.play.resources.Resource`."""

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        identity = self._authenticator.identify(request)
        check_hunt(identity, self._visible(request.hunt).id)
        return json_reply(await history(self._log, request.hunt, identity.player, request.query))


async def history(log: Log, hunt_id: str, player: str, query: str, *, codes: bool = True) -> bytes:
    """Return one page of a player's rewards as JSON.

    Args:
        log: Has the rewards.
        hunt_id: Id of an existing hunt.
        player: Id of the player.
        query: Query string, which chooses the page.
        codes: Whether to show the codes of prizes, as for the player.

    Raises:
        InvalidRequest: The query is not valid.
        StoreError: The database failed.
    """
    after = whole_number(query, "after", 0, least=0, most=2**62)
    limit = whole_number(query, "limit", 100, least=1, most=MAX_LIMIT)
    found = await log.history(hunt_id, player, after, limit)
    following = str(found[-1].seq) if len(found) == limit else "null"
    if not codes:
        found = [replace(reward, code=None) for reward in found]
    items = b",".join(wire.reward_json(reward) for reward in found)
    return b'{"rewards":[' + items + b'],"next":' + following.encode() + b"}"
