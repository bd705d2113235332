"""``/v1/admin/hunts/{hunt}/live``: the present state of a hunt, for its operations page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from quart import Blueprint, Response, request

from hunt.core.definition import Even, Moments, Prize
from hunt.core.hunts import Hunt
from hunt.core.periods import released, steps
from hunt.errors import HuntNotFound
from hunt.metrics.hunt_minutes import HuntMinutes, Minute, added_up
from hunt.operations import Operations
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.web.admin import siblings
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response

#: Seconds to wait for the minutes of sibling processes.
SIBLING_TIMEOUT = 0.5


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
        minutes: The clicks that this process has counted.
        now: Returns the time of the database's clock.
    """
    routes = operator_blueprint("admin_live", play, operations, prefix="/v1/admin")

    @routes.get("/hunts/<hunt_id>/live")
    async def live(hunt_id: str) -> Response:
        hunt = hunts.get(hunt_id)
        if hunt is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        paths = operations.host.siblings()
        responses = await siblings.get(
            paths,
            f"/ops/minutes/{hunt_id}",
            authorization=request.headers["Authorization"],
            timeout=SIBLING_TIMEOUT,
        )
        together = added_up([minutes.of(hunt_id), *map(_minutes, responses)])
        return json_response(
            hunt_state(hunt, now())
            | {
                "minutes": together,
                "processes": 1 + len(responses),
                "silent": len(paths) - len(responses),
            }
        )

    return routes


def minutes_blueprint(play: Play, operations: Operations, minutes: HuntMinutes) -> Blueprint:
    """Return the route by which the processes of a server read each other's minutes."""
    routes = operator_blueprint("admin_minutes", play, operations, prefix="/ops")

    @routes.get("/minutes/<hunt_id>")
    async def of_process(hunt_id: str) -> Response:
        return json_response(minutes.of(hunt_id))

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


def _minutes(body: bytes) -> list[Minute]:
    found: list[list[int]] = json.loads(body)
    return [(begin, clicks, wins) for begin, clicks, wins in found]
