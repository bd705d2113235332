"""``GET /v1/hunts/{hunt}/leaderboard``: shared by all players who are not on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from hunt.core import wire
from hunt.core.cache import Cache
from hunt.core.hunts import Hunt
from hunt.core.leaderboard import LeaderboardEntry, LeaderboardSnapshot
from hunt.core.player_ids import mask
from hunt.core.proxies import Peer
from hunt.errors import NotAuthenticated, Overloaded
from hunt.play.auth import Authenticator
from hunt.play.replies import PRIVATE, Document, Reply
from hunt.play.request import Request, whole_number
from hunt.play.resources import READS
from hunt.service.leaderboard import SIZE, Leaderboard

#: Bytes of all documents of boards.
CACHE_SIZE = 8 * 2**20

#: Estimated bytes of a document besides its body and the compressed one.
_ENTRY = 2000


class _Kept(Struct):
    board: LeaderboardSnapshot  # that the document was made from
    document: Document


class BoardView:
    """The leaderboards of all hunts.

    Args:
        visible: Returns the hunt of an id, or raises `HuntNotFound`.
        boards: The boards.
        authenticator: Tells whether the request is of a player on the board.
    """

    route = "/v1/hunts/<hunt_id>/leaderboard"
    methods = READS

    def __init__(
        self, visible: Callable[[str], Hunt], boards: Leaderboard, authenticator: Authenticator
    ) -> None:
        self._visible = visible
        self._boards = boards
        self._authenticator = authenticator
        self._kept: Cache[tuple[str, int], _Kept] = Cache(
            CACHE_SIZE, lambda _, kept: _ENTRY + 2 * len(kept.document.body)
        )

    def peek(self, request: Request, peer: Peer) -> Reply | None:
        """See `hunt.play.resources.Resource`."""
        limit = self._check(request)
        board = self._boards.peek(request.hunt)
        return None if board is None else self._reply(request, board, limit)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        limit = self._check(request)
        return self._reply(request, await self._boards.get(request.hunt), limit)

    def _check(self, request: Request) -> int:
        """Return the wanted number of entries."""
        self._visible(request.hunt)
        return whole_number(request.query, "limit", 10, least=1, most=SIZE)

    def _reply(self, request: Request, board: LeaderboardSnapshot, limit: int) -> Reply:
        player = self._player(request)
        if player is not None and any(each.player == player for each in board.entries[:limit]):
            body = _body(request.hunt, board, limit, player)
            return Document(body, cache_control=PRIVATE, level=0).reply(request)
        return self._shared(request.hunt, board, limit).reply(request)

    def _player(self, request: Request) -> str | None:
        """Return the player of a request that needs none; None without valid credentials."""
        try:
            return self._authenticator.identify(request).player
        except (NotAuthenticated, Overloaded):
            return None

    def _shared(self, hunt: str, board: LeaderboardSnapshot, limit: int) -> Document:
        """Return the document for every player who is not on the board."""
        kept = self._kept.get((hunt, limit))
        if kept is not None and kept.board is board:
            return kept.document
        body = _body(hunt, board, limit, None)
        same = kept is not None and kept.document.body == body
        document = kept.document if kept is not None and same else Document(body)
        self._kept.put((hunt, limit), _Kept(board, document))
        return document


def leaders_json(
    entries: Sequence[LeaderboardEntry], player: str | None
) -> list[dict[str, object]]:
    """Return the best entries of a board, as everybody may see them; `player` is the reader."""
    return [
        {
            "rank": rank,
            "player": mask(each.player),
            **({} if each.name is None else {"name": each.name}),
            "points": each.points,
            "wins": each.wins,
            "you": each.player == player,
        }
        for rank, each in enumerate(entries, 1)
    ]


def _body(hunt: str, board: LeaderboardSnapshot, limit: int, player: str | None) -> bytes:
    leaders = leaders_json(board.entries[:limit], player)
    return wire.encode({"hunt": hunt, "seq": board.seq, "leaders": leaders})
