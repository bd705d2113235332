"""What a request on a connection beyond the limit is answered: come back later."""

from __future__ import annotations

import re

from hunt.core import sse
from hunt.edge.admission import Slot
from hunt.errors import Overloaded

#: Seconds, at least, after which the client shall come back.
from hunt.play import endpoints, greeting
from hunt.web import problems

RETRY_AFTER = 1.0

_EVENTS = re.compile(rb"/v1/hunts/[^/?]+/events(?:\?.*)?")

_STREAM_HEADERS = {"content-type": "text/event-stream; charset=utf-8", **endpoints.STREAM_HEADERS}


def overloaded(slot: Slot) -> Overloaded:
    """Return the refusal of a request on a connection beyond the limit."""
    of = " from this address" if slot.beyond == "address" else ""
    return Overloaded(f"too many connections{of}", retry_after=RETRY_AFTER)


def pause() -> bytes:
    """Return the body of an event stream that only says when to come back.

    A browser gives an event stream up for good at any status but 200.
    """
    return sse.pause(greeting.reconnect_ms(at_least=RETRY_AFTER))


def refusal(slot: Slot, method: bytes, target: bytes) -> problems.Problem | None:
    """Return the answer to a request that may not be served here; None: it may.

    Args:
        slot: Of the connection.
        method: Of the request.
        target: Of the request.
    """
    if slot.serves(target):
        return None
    if method == b"GET" and _EVENTS.fullmatch(target):
        return problems.Problem(200, _STREAM_HEADERS, pause())
    return problems.refused(overloaded(slot))
