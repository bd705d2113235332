"""``/v1/admin/hunts/{hunt}/anomalies``: players and addresses with unusual figures."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping

from msgspec.structs import asdict
from quart import Blueprint, Response, request

from hunt.core import address_players
from hunt.errors import HuntNotFound
from hunt.operations import Operations
from hunt.play.play import Play
from hunt.store.anomalies import CLICKS, MOST_CLICKS
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin import siblings
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.responses import json_response

#: Players of an address, from which it is listed; and addresses, at most, in a list.
LEAST_PLAYERS, MOST_ADDRESSES = 20, 50

#: Clicks, at least, that a request may examine.
LEAST_CLICKS = 100


def blueprint(
    play: Play, operations: Operations, *, store: Store, known: Container[str]
) -> Blueprint:
    """Return the route of anomalies.

    Args:
        play: Authenticates operators, knows the bans, and counts the players of addresses.
        operations: See `operator_blueprint`.
        store: Has the logs.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_anomalies", play, operations, prefix="/v1/admin")

    @routes.get("/hunts/<hunt_id>/anomalies")
    async def anomalies(hunt_id: str) -> Response:
        check_known(hunt_id, known)
        clicks = bodies.whole_number("clicks", CLICKS, least=LEAST_CLICKS, most=MOST_CLICKS)
        found = await store.anomalies.read(hunt_id, clicks)
        if found is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        paths = operations.host.siblings()
        responses = await siblings.get(
            paths, f"/ops/addresses/{hunt_id}", authorization=request.headers["Authorization"]
        )
        nodes = [play.addresses.counters(hunt_id), *map(_counters, responses)]
        actor = caller.operator(play)
        await store.audit.record(Entry(actor=actor, action="anomalies", hunt=hunt_id))
        return json_response(
            {
                "window": {
                    **asdict(found.window),
                    "since": found.since,
                    "until": found.until,
                },
                "players": [
                    {
                        **asdict(each),
                        "banned": play.bans.concerns(hunt_id, player=each.player, key=None),
                    }
                    for each in found.players
                ],
                "addresses": [
                    {
                        "address": key,
                        "players": players,
                        "banned": play.bans.concerns(hunt_id, player=None, key=key),
                    }
                    for key, players in address_players.most_used(
                        nodes, least=LEAST_PLAYERS, most=MOST_ADDRESSES
                    ).items()
                ],
                "silent": len(paths) - len(responses),
            }
        )

    return routes


def counters_blueprint(play: Play, operations: Operations) -> Blueprint:
    """Return the route by which the processes of a server read each other's counters."""
    routes = operator_blueprint("admin_addresses", play, operations, prefix="/ops")

    @routes.get("/addresses/<hunt_id>")
    async def counters(hunt_id: str) -> Response:
        return json_response(play.addresses.counters(hunt_id))

    return routes


def _counters(body: bytes) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(body)
    return found
