"""Routes that read: hunts, a player's own rewards, and the leaderboard."""

from __future__ import annotations

import hashlib

from quart import Blueprint, Response, request

from hunt.core import wire
from hunt.core.player_ids import mask
from hunt.play.auth import check_hunt
from hunt.play.hunt_json import details, revealed, summary
from hunt.play.play import Play
from hunt.service import leaderboard as leaderboards
from hunt.service.catalogue import Catalogue
from hunt.service.leaderboard import Leaderboard
from hunt.service.version_cache import VersionCache
from hunt.store.log import Log
from hunt.web import bodies, caller
from hunt.web.responses import empty

#: Maximum number of rewards in one page.
MAX_LIMIT = 1000


def blueprint(
    play: Play,
    *,
    catalogue: Catalogue,
    version_cache: VersionCache,
    boards: Leaderboard,
    log: Log,
) -> Blueprint:
    """Return the routes that read."""
    routes = Blueprint("reading", __name__)

    @routes.get("/v1/hunts")
    async def hunts() -> Response:
        shown = [
            summary(hunt, catalogue.now())
            for hunt in catalogue.hunts.values()
            if hunt.state != "draft"
        ]
        return tagged({"hunts": shown})

    @routes.get("/v1/hunts/<hunt_id>")
    async def hunt(hunt_id: str) -> Response:
        found = play.hunt(hunt_id)
        shown = details(found, catalogue.now())
        if found.has_ended:
            shown |= revealed(found, await version_cache.get(found))
        return tagged(shown)

    @routes.get("/v1/hunts/<hunt_id>/rewards")
    async def rewards(hunt_id: str) -> Response:
        identity = caller.player(play)
        check_hunt(identity, play.hunt(hunt_id).id)
        return await history(log, hunt_id, identity.player)

    @routes.get("/v1/hunts/<hunt_id>/leaderboard")
    async def leaderboard(hunt_id: str) -> Response:
        play.hunt(hunt_id)
        limit = bodies.whole_number("limit", 10, least=1, most=leaderboards.SIZE)
        player = caller.player_or_none(play)
        board = await boards.get(hunt_id)
        leaders = [
            {
                "rank": rank,
                "player": mask(each.player),
                "points": each.points,
                "wins": each.wins,
                "you": each.player == player,
            }
            for rank, each in enumerate(board.entries[:limit], 1)
        ]
        return tagged({"hunt": hunt_id, "seq": board.seq, "leaders": leaders})

    return routes


async def history(log: Log, hunt_id: str, player: str) -> Response:
    """Return one page of a player's rewards, chosen by the query.

    Args:
        log: Has the rewards.
        hunt_id: Id of an existing hunt.
        player: Id of the player.
    """
    after = bodies.whole_number("after", 0, least=0, most=2**62)
    limit = bodies.whole_number("limit", 100, least=1, most=MAX_LIMIT)
    found = await log.history(hunt_id, player, after, limit)
    following = str(found[-1].seq) if len(found) == limit else "null"
    items = b",".join(wire.reward_json(reward) for reward in found)
    body = b'{"rewards":[' + items + b'],"next":' + following.encode() + b"}"
    return Response(body, mimetype="application/json")


def tagged(value: object) -> Response:
    """Return JSON with a strong ETag, or 304 if the client has this version."""
    body = wire.encode(value)
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = [
        each.strip().removeprefix("W/")
        for each in request.headers.get("If-None-Match", "").split(",")
    ]
    if tag in known or "*" in known:
        return empty(304, headers)
    return Response(body, mimetype="application/json", headers=headers)
