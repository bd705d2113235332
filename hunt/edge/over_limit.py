"""Answers to requests on connections over the connection limit."""

from __future__ import annotations

import re

from hunt.edge.admission import Slot
from hunt.edge.worker import Worker
from hunt.play import contract, problems
from hunt.play.answers import too_many_connections

_EVENTS = re.compile(rb"/v1/hunts/[^/?]+/events(?:\?.*)?")

_STREAM_HEADERS = {"content-type": "text/event-stream; charset=utf-8", **contract.STREAM_HEADERS}


def refusal(worker: Worker, slot: Slot, method: bytes, target: bytes) -> problems.Problem | None:
    """Return the answer to a request over the connection limit; None: it may be served.

    Args:
        worker: Its engine has set the limits.
        slot: The connection's slot in the limits.
        method: HTTP method.
        target: Target of the request.
    """
    if slot.beyond is None or slot.serves(target):
        return None
    if method == b"GET" and _EVENTS.fullmatch(target):
        assert worker.play is not None, "it has set the limits"
        pause = worker.play.pause()
        return problems.Problem(pause.status, _STREAM_HEADERS, pause.blocks)
    return problems.refused(too_many_connections(slot.beyond))
