"""What can be read: the hunts, a player's own rewards, and who leads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from quart import Blueprint, Response, request

from hunt.core import wire
from hunt.core.definition import Peak, Prize
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.service import leaderboard as leaderboards
from hunt.web import bodies, endpoints, who
from hunt.web.asgi_http import empty

MAX_LIMIT = 1000


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes that read."""
    routes = Blueprint("reading", __name__)

    @routes.get("/v1/hunts")
    async def hunts() -> Response:
        serving = engine()
        now = serving.now()
        shown = [summary(hunt, now) for hunt in serving.hunts.values() if hunt.state != "draft"]
        return tagged({"hunts": shown})

    @routes.get("/v1/hunts/<hunt_id>")
    async def hunt(hunt_id: str) -> Response:
        serving = engine()
        return tagged(details(endpoints.hunt_of(serving, None, hunt_id), serving.now()))

    @routes.get("/v1/hunts/<hunt_id>/rewards")
    async def rewards(hunt_id: str) -> Response:
        serving = engine()
        identity = who.player(serving)
        endpoints.hunt_of(serving, identity, hunt_id)
        return await history(serving, hunt_id, identity.player)

    @routes.get("/v1/hunts/<hunt_id>/leaderboard")
    async def leaderboard(hunt_id: str) -> Response:
        serving = engine()
        endpoints.hunt_of(serving, None, hunt_id)
        limit = bodies.whole("limit", 10, least=1, most=leaderboards.SIZE)
        player = who.known(serving)
        board = await serving.leaderboard.get(hunt_id)
        leaders = [
            {
                "rank": rank,
                "player": wire.mask(each.player),
                "points": each.points,
                "wins": each.wins,
                "you": each.player == player,
            }
            for rank, each in enumerate(board.leaders[:limit], 1)
        ]
        return tagged({"hunt": hunt_id, "seq": board.seq, "leaders": leaders})

    return routes


async def history(serving: Engine, hunt_id: str, player: str) -> Response:
    """Return a page of a player's rewards, as the query says.

    Raises:
        HuntNotFound: There is no such hunt.
    """
    endpoints.hunt_of(serving, None, hunt_id)
    after = bodies.whole("after", 0, least=0, most=2**62)
    limit = bodies.whole("limit", 100, least=1, most=MAX_LIMIT)
    found = await serving.log.history(hunt_id, player, after, limit)
    following = str(found[-1].seq) if len(found) == limit else "null"
    items = b",".join(wire.reward_json(reward) for reward in found)
    body = b'{"rewards":[' + items + b'],"next":' + following.encode() + b"}"
    return Response(body, mimetype="application/json")


def summary(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return what the list says of a hunt."""
    definition = hunt.definition
    if hunt.is_over(now):
        state = "closed"
    elif hunt.state in {"draft", "paused"}:
        state = hunt.state
    else:
        state = "open" if hunt.is_open(now) else "waiting"
    return {
        "id": hunt.id,
        "title": definition.title,
        "state": state,
        "opens_at": moment(definition.opens_at),
        "closes_at": moment(definition.closes_at),
    }


def details(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return what players may know of a hunt; places and, until the end, the seed are secret."""
    definition = hunt.definition
    shown = summary(hunt, now) | {
        "map": {"width": definition.width, "height": definition.height},
        "cooldown": definition.cooldown,
        "prizes": [_prize(prize, hunt) for prize in definition.prizes],
        "version": hunt.version,
        "epoch": hunt.epoch,
        "commitment": hunt.commitment,
    }
    if hunt.is_over(now):
        shown["seed"] = hunt.seed.hex()
    return shown


def _prize(prize: Prize, hunt: Hunt) -> dict[str, object]:
    odds = {"peak": prize.odds.peak} if isinstance(prize.odds, Peak) else prize.odds
    return {
        "id": prize.id,
        "title": prize.title,
        "points": prize.points,
        "odds": odds,
        "stock": prize.stock,
        "stock_left": hunt.stock_left.get(prize.id),
        "per_player": prize.per_player,
    }


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339, in UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def tagged(value: object) -> Response:
    """Return JSON with a strong ETag, or 304 where the client has it already."""
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
