"""Answers to play requests, as values that each transport encodes."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from hunt.core import sse
from hunt.core.events import Settlement
from hunt.errors import Overloaded, Refused

#: Seconds that a client over the connection limit must wait before it retries.
RETRY_AFTER = 1.0

#: The connection limit that a connection exceeds; None: it is within the limits.
Beyond = Literal["all", "address"] | None


class Pause(Struct, frozen=True):
    """An event stream that tells the client when to reconnect, and ends.

    Temporary refusals of an event stream are answered this way, because a browser never
    reconnects after a status other than 200.
    """

    status: ClassVar[int] = 200

    retry_ms: int  #: milliseconds until the client reconnects

    @property
    def blocks(self) -> bytes:
        """The body, as blocks of an event stream."""
        return sse.pause(self.retry_ms)


class Over(Struct, frozen=True):
    """An empty answer, because the hunt has ended; a browser does not reconnect after it."""

    status: ClassVar[int] = 204


OVER = Over()

#: A complete answer of the play API.
Answer = Settlement | Refused | Pause | Over


def too_many_connections(limit: Literal["all", "address"]) -> Overloaded:
    """Return the refusal of a request on a connection over the connection limit.

    Args:
        limit: The exceeded limit: of all connections, or of the client's address.
    """
    of = " from this address" if limit == "address" else ""
    return Overloaded(f"too many connections{of}", retry_after=RETRY_AFTER)
