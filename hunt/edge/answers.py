"""The fast lane's responses, put together from pieces that were prepared."""

from __future__ import annotations

import time
from http import HTTPStatus

from hypercorn.config import Config

from hunt.core import wire
from hunt.core.events import Settlement

#: The end of a chunked body (RFC 9112, 7.1).
from hunt.play import endpoints
from hunt.web import problems

LAST_CHUNK = b"0\r\n\r\n"

#: Says that a response is the last on its connection (RFC 9112, 9.6).
CLOSE = b"connection: close\r\n"


def chunk(blocks: bytes) -> bytes:
    """Return bytes as one chunk; nothing where there are none, which would end the body."""
    return b"%x\r\n%b\r\n" % (len(blocks), blocks) if blocks else b""


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items()).encode()


def problem_headers(problem: problems.Problem) -> list[tuple[bytes, bytes]]:
    """Return the headers of an error that no route has answered."""
    headers = {
        "content-type": problems.MIMETYPE,
        "content-length": str(len(problem.body)),
        "x-request-id": endpoints.request_id(None),
        **problem.headers,
        **endpoints.HEADERS,
    }
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


#: Bytes of a click's answer without its seq, and without what follows that.
_BODY = len('{"id":"","seq":') + 36

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
        self._at = ""  # of the batch that is being answered
        self._ends: dict[str | None, tuple[str, int]] = {}  # of its answers, by prize
        self._middle = ""  # of their heads
        self._last = b""  # what each response says where it is the last

    def _refresh(self) -> None:
        second = int(time.time())
        if second != self._second:
            self._second = second
            own = self.config.response_headers("h11")
            lines = b"".join(b"%b: %b\r\n" % each for each in own)
            self._common = _COMMON + lines + self._last

    def close(self, *, last: bool) -> None:
        """Say from now on that each response is the last on its connection, or is not."""
        self._last = CLOSE if last else b""
        self._second = 0
        self._begin("")

    def _always(self, request_id: str) -> bytes:
        """Return the headers of every response."""
        self._refresh()
        return b"x-request-id: %b\r\n%b" % (request_id.encode(), self._common)

    def settled(self, settlement: Settlement, request_id: str) -> bytes:
        """Return the answer to a click that is in the log.

        As `wire.settlement_json` says, put together from what is the same for all
        clicks of a batch.
        """
        reward = settlement.reward
        if settlement.duplicate:
            self._begin("")  # what ends this answer is of no use to another
        elif reward.at is not self._at:
            self._begin(reward.at)
        end = self._ends.get(reward.prize)
        if end is None:
            text = wire.settlement_end(settlement)
            end = self._ends[reward.prize] = text, len(text) + _BODY
        text, size = end
        place = wire.place(reward)
        return (
            "HTTP/1.1 200 \r\ncontent-type: application/json\r\ncontent-length: "
            f"{size + len(place)}\r\nx-request-id: {request_id}\r\n{self._middle}"
            f'{{"id":"{reward.id}","seq":{place}{text}'
        ).encode()

    def _begin(self, at: str) -> None:
        """Forget the answers of another batch."""
        self._at = at
        self._ends.clear()
        self._refresh()
        self._middle = f"{self._common.decode()}\r\n"

    def problem(self, problem: problems.Problem, request_id: str, *, close: bool = False) -> bytes:
        """Return an error."""
        return b"HTTP/1.1 %d \r\ncontent-type: %b\r\ncontent-length: %d\r\n%b%b%b\r\n%b" % (
            problem.status,
            problems.MIMETYPE.encode(),
            len(problem.body),
            _lines(problem.headers),
            self._always(request_id),
            CLOSE if close and not self._last else b"",
            problem.body,
        )

    def stream(self, request_id: str) -> bytes:
        """Return the head of an event stream."""
        self._refresh()
        own = self._common.removeprefix(_COMMON)
        return b"HTTP/1.1 200 \r\n%bx-request-id: %b\r\n%b\r\n" % (
            _STREAM,
            request_id.encode(),
            own,
        )

    def paused(self, blocks: bytes, request_id: str, *, close: bool = False) -> bytes:
        """Return an event stream that only says when to come back."""
        self._always(request_id)
        return b"HTTP/1.1 200 \r\n%bcontent-length: %d\r\nx-request-id: %b\r\n%b%b\r\n%b" % (
            _EVENTS,
            len(blocks),
            request_id.encode(),
            self._common.removeprefix(_COMMON),
            CLOSE if close and not self._last else b"",
            blocks,
        )

    def over(self, request_id: str) -> bytes:
        """Return the answer after which a browser stays away."""
        return b"HTTP/1.1 %d \r\n%b\r\n" % (HTTPStatus.NO_CONTENT, self._always(request_id))
