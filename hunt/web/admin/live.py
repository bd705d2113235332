"""``/v1/admin/hunts/{hunt}/live``: the present state of a hunt, for its operations page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from quart import Blueprint, Response

from hunt.core.definition import Even, Moments, Prize
from hunt.core.hunts import Hunt
from hunt.core.periods import released, steps
from hunt.errors import HuntNotFound, Overloaded
from hunt.metrics.hunt_minutes import HuntMinutes, Minute
from hunt.operations import Operations
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response


def blueprint(
    play: Play,
    operations: Operations,
    *,
    hunts: Mapping[str, Hunt],
    minutes: HuntMinutes,
    now: Callable[[], datetime],
) -> Blueprint:
    """Return the route of the state of a hunt; it works without the database.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        hunts: Every hunt, by id; the catalogue keeps it current.
        minutes: The clicks that this process has counted; used without a supervisor process.
        now: Returns the time of the database's clock.
    """
    routes = operator_blueprint("admin_live", play, operations, prefix="/v1/admin")

    async def counted(hunt_id: str) -> tuple[list[Minute], float] | None:
        """Return the minutes of a hunt and the start of counting; None if they are unknown now."""
        if operations.host.minutes is None:
            return minutes.of(hunt_id), minutes.since
        try:
            return await operations.host.minutes(hunt_id)
        except Overloaded:
            return None

    @routes.get("/hunts/<hunt_id>/live")
    async def live(hunt_id: str) -> Response:
        hunt = hunts.get(hunt_id)
        if hunt is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        found, since = await counted(hunt_id) or (None, None)
        begin = None if since is None else moment(datetime.fromtimestamp(since, UTC))
        shown = {"minutes": found, "counted_since": begin}
        return json_response(hunt_state(hunt, now()) | shown)

    return routes


def hunt_state(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return the state of a hunt and its prizes, without secrets.

    Args:
        hunt: The hunt.
        now: The time by the database's clock.
    """
    definition, told = hunt.definition, hunt.announcement
    shown = told is not None and told.text is not None
    return {
        "id": hunt.id,
        "title": definition.title,
        "state": hunt.phase(now),
        "at": moment(now),
        "opens_at": moment(definition.opens_at),
        "closes_at": moment(definition.closes_at),
        "ended_at": moment(hunt.ended_at),
        "clicks": hunt.last_seq,
        "campaign": None if hunt.campaign is None else hunt.campaign.id,
        "announcement": {"text": told.text, "at": moment(told.at)} if told and shown else None,
        **({"test": True} if definition.test else {}),
        "prizes": [_prize(hunt, each, now) for each in definition.prizes],
    }


def _prize(hunt: Hunt, prize: Prize, now: datetime) -> dict[str, object]:
    """Return a prize: its stock, and how much of it the release plan has released.

    Winning moments are secret, so their plan has no number.
    """
    left = hunt.stock_left.get(prize.id)
    plan, due = None, None
    if isinstance(prize.release, Moments):
        plan = "moments"
    elif prize.release is not None:
        plan = "even" if isinstance(prize.release, Even) else "steps"
        allowed = released(hunt.definition, prize, steps(hunt.definition, prize, hunt.seed), now)
        due = int(allowed[0])
    return {
        "id": prize.id,
        "title": prize.title,
        "points": prize.points,
        "stock": hunt.codes.get(prize.id, prize.stock),
        "stock_left": left,
        "plan": plan,
        "released": due,
        "codes": prize.codes,
    }
