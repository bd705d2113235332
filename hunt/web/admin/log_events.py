"""``/v1/admin/hunts/{hunt}/events``: the events of a hunt's log, for backends."""

from __future__ import annotations

import re
from collections.abc import Container

from quart import Blueprint, Response, request

from hunt.core import sse
from hunt.core.form import ID
from hunt.core.log_event import EventFilter
from hunt.errors import InvalidRequest
from hunt.operations import Operations
from hunt.play import contract
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin.log_stream import LogStream, LogStreams, check_room
from hunt.web.admin.operator_routes import check_known, operator_blueprint

_EVENT_ID = re.compile(r"([a-z0-9]{1,16})-(0|[1-9][0-9]{0,17})", re.ASCII)


def blueprint(
    play: Play,
    operations: Operations,
    *,
    store: Store,
    streams: LogStreams,
    known: Container[str],
) -> Blueprint:
    """Return the route of the event stream.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the logs.
        streams: Services of the streams.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_events", play, operations, prefix="/v1/admin")

    @routes.get("/hunts/<hunt_id>/events")
    async def events(hunt_id: str) -> Response:
        check_known(hunt_id, known)
        wanted, identity = _filter(), caller.operator_identity(play)
        check_room(streams)
        epoch, after, reset = await _start(store, hunt_id)
        detail: dict[str, object] = {
            "after_seq": after,
            "events": wanted.events,
            "prizes": wanted.prizes,
        }
        await store.audit.record(
            Entry(actor=identity.player, action="events", hunt=hunt_id, detail=detail)
        )
        greeting = sse.hello(
            hunt_id, epoch, after, resumed=reset is None, heartbeat=streams.heartbeat
        )
        body = LogStream(
            streams,
            identity=identity,
            hunt=hunt_id,
            wanted=wanted,
            after=after,
            greeting=greeting + (b"" if reset is None else sse.reset(reset)),
        )
        response = Response(body, mimetype="text/event-stream", headers=contract.STREAM_HEADERS)
        response.timeout = None  # Quart would end the stream after RESPONSE_TIMEOUT
        return response

    return routes


def _filter() -> EventFilter:
    """Return the filter in the query.

    Raises:
        InvalidRequest: A value is malformed.
    """
    events, prize = request.args.get("events", "wins"), request.args.get("prize")
    errors = {}
    if events not in {"wins", "clicks"}:
        errors["events"] = "must be wins or clicks"
    if prize is not None and not ID.fullmatch(prize):
        errors["prize"] = "must be the id of a prize"
    if errors:
        raise InvalidRequest("the query is not valid", errors=errors)
    return EventFilter(
        "clicks" if events == "clicks" else "wins", None if prize is None else (prize,)
    )


async def _start(store: Store, hunt_id: str) -> tuple[str, int, str | None]:
    """Return the present epoch, the seq to begin after, and the reason of a reset, if any.

    Raises:
        InvalidRequest: The event id is malformed, or of no epoch of this log.
    """
    resume = request.headers.get("Last-Event-ID")
    if resume is None:
        epoch, last, _ = await store.log_events.ends(hunt_id)
        after = bodies.whole_number("after", last, least=0, most=2**62)
        return epoch, min(after, last), None
    match = _EVENT_ID.fullmatch(resume)
    if match is None:
        wrong = "must be the id of an event of this stream, as in k3-4711"
        raise InvalidRequest("the header is not valid", errors={"Last-Event-ID": wrong})
    epoch, _, left = await store.log_events.ends(hunt_id, match[1])
    if left is None:
        wrong = "is of an epoch that this log never had"
        raise InvalidRequest("the header is not valid", errors={"Last-Event-ID": wrong})
    seq = int(match[2])
    return epoch, min(seq, left), None if seq <= left else "the log has lost events"
