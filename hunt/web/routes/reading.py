"""Routes that read: hunts, a player's own rewards, and the leaderboard."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from quart import Blueprint, Response, request

from hunt.core import wire
from hunt.core.definition import Definition, Prize
from hunt.core.hunt_file import to_json
from hunt.core.hunts import Hunt, Version
from hunt.core.player_ids import mask
from hunt.play.auth import check_hunt
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


def summary(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return the entry of a hunt in the list of hunts.

    Args:
        hunt: A hunt that is not a draft.
        now: The time of the database's clock.
    """
    definition = hunt.definition
    return {
        "id": hunt.id,
        "title": definition.title,
        "state": hunt.phase(now),
        "opens_at": moment(definition.opens_at),
        "closes_at": moment(definition.closes_at),
    }


def details(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return the public details of a hunt; its seed and the positions of prizes are secret."""
    definition = hunt.definition
    return summary(hunt, now) | {
        "map": {"width": definition.width, "height": definition.height},
        "cooldown": definition.cooldown,
        "prizes": [_prize(prize, hunt) for prize in definition.prizes],
        "version": hunt.version,
        "epoch": hunt.epoch,
        "commitment": hunt.commitment,
        **_periods(definition),
    }


def revealed(hunt: Hunt, versions: Sequence[Version]) -> dict[str, object]:
    """Return the details that are public after the recorded end: seed and definitions."""
    assert hunt.has_ended, "its seed is secret"
    return {
        "ended_at": moment(hunt.ended_at),
        "seed": hunt.seed.hex(),
        "versions": [
            {
                "version": each.version,
                "at": moment(each.at),
                "definition": to_json(each.definition),
            }
            for each in versions
        ],
    }


def _periods(definition: Definition) -> dict[str, object]:
    """Return the limits of a player in calendar periods, where the hunt has some."""
    found: dict[str, object] = {
        "attempts": definition.attempts and asdict(definition.attempts),
        "max_wins": definition.max_wins and asdict(definition.max_wins),
    }
    shown = {name: value for name, value in found.items() if value is not None}
    return {"timezone": definition.timezone, **shown} if shown else {}


def _prize(prize: Prize, hunt: Hunt) -> dict[str, object]:
    odds = prize.odds if isinstance(prize.odds, float | int) else {"peak": prize.odds.highest}
    return {
        "id": prize.id,
        "title": prize.title,
        "points": prize.points,
        "odds": odds,
        "stock": prize.stock,
        "stock_left": hunt.stock_left.get(prize.id),
        "per_player": prize.per_player,
        **{
            name: moment(time)
            for name, time in (("from", prize.starts), ("until", prize.until))
            if time is not None
        },
    }


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339, in UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


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
