"""The data of one player in a campaign: history, standing, and rank on the leaderboard."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from hunt.core import wire
from hunt.core.campaign import door_state
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer
from hunt.core.streaks import DoorPlayed, streak
from hunt.core.tokens import Identity
from hunt.errors import InvalidRequest, NotAllowed, NotAuthenticated, Overloaded
from hunt.play.auth import OTHER_HUNT, Authenticator
from hunt.play.board_view import leaders_json
from hunt.play.campaign_views import Campaigns, campaign_of
from hunt.play.history_view import MAX_LIMIT
from hunt.play.replies import PRIVATE, Document, Reply, json_reply
from hunt.play.request import Request, whole_number
from hunt.play.resources import READS
from hunt.service.leaderboard import SIZE, Leaderboard
from hunt.store.campaign_standings import CampaignStandings, DoorStanding

_CURSOR = re.compile(r"([0-9]{1,3})-([0-9]{1,18})", re.ASCII)


class _View:
    """A resource that is always made anew, for one player; see `Resource`."""

    methods = READS

    def __init__(
        self, campaigns: Campaigns, standings: CampaignStandings, authenticator: Authenticator
    ) -> None:
        self._campaigns = campaigns
        self._standings = standings
        self._authenticator = authenticator

    def peek(self, request: Request, peer: Peer) -> None:
        """See `hunt.play.resources.Resource`."""

    def _allowed(self, request: Request) -> tuple[Identity, list[Hunt]]:
        """Return the player, and the doors that the player's token permits.

        Raises:
            Refused: There is no such campaign or player, or the token permits no door.
        """
        identity = self._authenticator.identify(request)
        doors = self._campaigns.doors(request.hunt)
        if identity.hunts is not None:
            doors = [each for each in doors if each.id in identity.hunts]
            if not doors:
                raise NotAllowed(OTHER_HUNT)
        return identity, doors


class CampaignHistory(_View):
    """``GET /v1/campaigns/{campaign}/rewards``: the player's rewards over all doors."""

    route = "/v1/campaigns/<campaign>/rewards"

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        identity, doors = self._allowed(request)
        limit = whole_number(request.query, "limit", 100, least=1, most=MAX_LIMIT)
        found = await self._standings.rewards(
            request.hunt,
            identity.player,
            after=_cursor(request.query),
            limit=limit,
            hunts=[each.id for each in doors],
        )
        following = None
        if len(found) == limit:
            following = f"{found[-1].door}-{found[-1].reward.seq}"
        items = b",".join(
            f'{{"door":{each.door},"hunt":"{each.hunt}",'.encode()
            + wire.reward_json(each.reward)[1:]
            for each in found
        )
        return json_reply(b'{"rewards":[' + items + b'],"next":' + wire.encode(following) + b"}")


class CampaignStanding(_View):
    """``GET /v1/campaigns/{campaign}/standing``: the player's points, wins and streak."""

    route = "/v1/campaigns/<campaign>/standing"

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        identity, doors = self._allowed(request)
        rows = await self._standings.standing(request.hunt, identity.player)
        played = {each.hunt: each for each in rows}
        shown = [_door(each, played.get(each.id)) for each in doors]
        body = {
            "campaign": request.hunt,
            "points": sum(played[each.id].points for each in doors if each.id in played),
            "wins": sum(played[each.id].wins for each in doors if each.id in played),
            "streak": self._streak(doors, played),
            "doors": shown,
        }
        return json_reply(wire.encode(body))

    def _streak(self, doors: list[Hunt], played: dict[str, DoorStanding]) -> object:
        needs_win, now = campaign_of(doors).streak == "won", self._campaigns.now()
        found = []
        for hunt in doors:
            state, own = door_state(hunt, now), played.get(hunt.id)
            if state != "coming":
                counts = own is not None and (own.wins > 0 or not needs_win)
                found.append(DoorPlayed(is_open=state != "over", counts=counts))
        return streak(found)


class CampaignBoard(_View):
    """``GET /v1/campaigns/{campaign}/leaderboard``: points over all doors."""

    route = "/v1/campaigns/<campaign>/leaderboard"

    def __init__(
        self,
        campaigns: Campaigns,
        standings: CampaignStandings,
        authenticator: Authenticator,
        boards: Leaderboard,
    ) -> None:
        super().__init__(campaigns, standings, authenticator)
        self._boards = boards

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        self._campaigns.doors(request.hunt)
        limit = whole_number(request.query, "limit", 10, least=1, most=SIZE)
        board = await self._boards.get(request.hunt)
        player = self._player(request)
        you = None if player is None else await self._standings.rank(request.hunt, player)
        leaders = leaders_json(board.entries[:limit], player)
        body = wire.encode({"campaign": request.hunt, "leaders": leaders, "you": you})
        return Document(body, cache_control=PRIVATE, level=0).reply(request)

    def _player(self, request: Request) -> str | None:
        """Return the player of a request that needs none; None without valid credentials."""
        try:
            return self._authenticator.identify(request).player
        except (NotAuthenticated, Overloaded):
            return None


def _door(hunt: Hunt, own: DoorStanding | None) -> dict[str, object]:
    return {
        "door": hunt.door,
        "hunt": hunt.id,
        "played": own is not None,
        "wins": 0 if own is None else own.wins,
        "points": 0 if own is None else own.points,
    }


def _cursor(query: str) -> tuple[int, int]:
    """Return the door and seq after which a page begins.

    Raises:
        InvalidRequest: The parameter ``after`` is not a cursor.
    """
    text = dict(reversed(parse_qsl(query, keep_blank_values=True))).get("after")
    if text is None:
        return 0, 0
    match = _CURSOR.fullmatch(text)
    if match is None:
        wrong = {"after": "must be the value of next of the page before"}
        raise InvalidRequest("the query is not valid", errors=wrong)
    return int(match[1]), int(match[2])
