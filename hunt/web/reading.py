"""What can be read: the hunts, and a player's own rewards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from quart import Blueprint, Response, request

from hunt.core import wire
from hunt.core.definition import Peak, Prize
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import InvalidRequest, Overloaded, StoreError
from hunt.web import endpoints, who
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
        after = whole("after", 0, least=0, most=2**62)
        limit = whole("limit", 100, least=1, most=MAX_LIMIT)
        try:
            found = await serving.log.history(hunt_id, identity.player, after, limit)
        except StoreError:
            raise Overloaded("the database did not answer", retry_after=1.0) from None
        following = str(found[-1].seq) if len(found) == limit else "null"
        items = b",".join(wire.reward_json(reward) for reward in found)
        body = b'{"rewards":[' + items + b'],"next":' + following.encode() + b"}"
        return Response(body, mimetype="application/json")

    return routes


def summary(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return what the list says of a hunt."""
    definition = hunt.definition
    state = "closed" if hunt.is_over(now) else "open" if hunt.is_open(now) else "waiting"
    return {
        "id": hunt.id,
        "title": definition.title,
        "state": "draft" if hunt.state == "draft" else state,
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


def whole(name: str, default: int, *, least: int, most: int) -> int:
    """Return a number of the query.

    Raises:
        InvalidRequest: It is none, or out of range.
    """
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= most:
        wrong = f"must be a whole number, {least} to {most}"
        raise InvalidRequest("the query is not valid", errors={name: wrong})
    return int(text)


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
