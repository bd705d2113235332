"""The fast lane's responses, put together from pieces that were prepared."""

from __future__ import annotations

import time
from http import HTTPStatus

from hypercorn.config import Config

from hunt.core import wire
from hunt.core.events import Settlement
from hunt.web import endpoints, problems

#: The end of a chunked body (RFC 9112, 7.1).
LAST_CHUNK = b"0\r\n\r\n"


def chunk(blocks: bytes) -> bytes:
    """Return bytes as one chunk; nothing where there are none, which would end the body."""
    return b"%x\r\n%b\r\n" % (len(blocks), blocks) if blocks else b""


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items()).encode()


_OK = b"HTTP/1.1 200 \r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"
_COMMON = _lines(endpoints.HEADERS)
_EVENTS = _lines(
    {"content-type": "text/event-stream; charset=utf-8"}
    | endpoints.HEADERS
    | endpoints.STREAM_HEADERS
)
_STREAM = _EVENTS + _lines({"transfer-encoding": "chunked"})


class Answers:
    """Makes responses that carry the same headers as Hypercorn's.

    Args:
        config: Says whether a response names the server and the time.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self._second = 0
        self._common = b""

    def _always(self, request_id: str) -> bytes:
        """Return the headers of every response."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            own = self.config.response_headers("h11")
            self._common = _COMMON + b"".join(b"%b: %b\r\n" % each for each in own)
        return b"x-request-id: %b\r\n%b" % (request_id.encode(), self._common)

    def settled(self, settlement: Settlement, request_id: str) -> bytes:
        """Return the answer to a click that is in the log."""
        body = wire.settlement_json(settlement)
        return _OK % (len(body), self._always(request_id), body)

    def problem(self, problem: problems.Problem, request_id: str, *, close: bool = False) -> bytes:
        """Return an error."""
        return b"HTTP/1.1 %d \r\ncontent-type: %b\r\ncontent-length: %d\r\n%b%b%b\r\n%b" % (
            problem.status,
            problems.MIMETYPE.encode(),
            len(problem.body),
            _lines(problem.headers),
            self._always(request_id),
            b"connection: close\r\n" if close else b"",
            problem.body,
        )

    def stream(self, request_id: str) -> bytes:
        """Return the head of an event stream."""
        self._always(request_id)
        own = self._common.removeprefix(_COMMON)
        return b"HTTP/1.1 200 \r\n%bx-request-id: %b\r\n%b\r\n" % (
            _STREAM,
            request_id.encode(),
            own,
        )

    def paused(self, blocks: bytes, request_id: str) -> bytes:
        """Return an event stream that only says when to come back."""
        self._always(request_id)
        return b"HTTP/1.1 200 \r\n%bcontent-length: %d\r\nx-request-id: %b\r\n%b\r\n%b" % (
            _EVENTS,
            len(blocks),
            request_id.encode(),
            self._common.removeprefix(_COMMON),
            blocks,
        )

    def over(self, request_id: str) -> bytes:
        """Return the answer after which a browser stays away."""
        return b"HTTP/1.1 %d \r\n%b\r\n" % (HTTPStatus.NO_CONTENT, self._always(request_id))
