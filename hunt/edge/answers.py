"""HTTP/1.1 responses of the fast lane, assembled from prepared pieces."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from http import HTTPStatus

from hypercorn.config import Config

from hunt.core import wire
from hunt.core.events import Settlement
from hunt.play import contract, cors, problems
from hunt.play.answers import Answer, Over, Pause
from hunt.play.replies import Reply
from hunt.play.request import Request

#: The end of a chunked body (RFC 9112, 7.1).
LAST_CHUNK = b"0\r\n\r\n"

#: Marks a response as the last on its connection (RFC 9112, 9.6).
CLOSE = b"connection: close\r\n"


def chunk(blocks: bytes) -> bytes:
    """Return bytes as one chunk; no chunk for no bytes, because an empty one ends the body."""
    return b"%x\r\n%b\r\n" % (len(blocks), blocks) if blocks else b""


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items()).encode()


def _pairs(headers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name.lower()}: {value}\r\n" for name, value in headers).encode()


def _head(reply: Reply) -> bytes:
    """Return the first lines of the head of a reply, which are the same in each response."""
    own = {name for name, _ in reply.headers}
    common = [pair for pair in contract.HEADERS.items() if pair[0] not in own]
    length = [] if reply.size is None else [("Content-Length", str(reply.size))]
    return b"HTTP/1.1 %d \r\n%b" % (reply.status, _pairs([*reply.headers, *length, *common]))


def problem_headers(problem: problems.Problem) -> list[tuple[bytes, bytes]]:
    """Return the headers of a problem that is answered without the application."""
    headers = {
        "content-type": problems.MIMETYPE,
        "content-length": str(len(problem.body)),
        "x-request-id": os.urandom(16).hex(),
        **problem.headers,
        **contract.HEADERS,
    }
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


#: Bytes of a click's answer up to its seq, including the id.
_BODY = len('{"id":"","seq":') + 36

_COMMON = _lines(contract.HEADERS)
_EVENTS = _lines(
    {"content-type": "text/event-stream; charset=utf-8"}
    | contract.HEADERS
    | contract.STREAM_HEADERS
)
_STREAM = _EVENTS + _lines({"transfer-encoding": "chunked"})


class Answers:
    """Encodes answers with the same headers as those that Hypercorn sends.

    Args:
        config: Decides whether responses contain ``Server`` and ``Date``.
        origins: Origins, besides the server's own, whose pages may read answers.
    """

    def __init__(self, config: Config, origins: Collection[str] = ()) -> None:
        self.config = config
        self._origins = origins
        self._vary = _pairs(cors.headers(None, origins))
        self._own = b""  # headers of Hypercorn, and `CLOSE`
        self._second = 0
        self._common = b""
        self._at = ""  # time of the batch that is being answered
        self._ends: dict[
            str | tuple[str] | None, tuple[str, int]
        ] = {}  # ends of its bodies and their sizes, by prize
        self._middle = ""  # the rest of each head
        self._last = b""  # `CLOSE` while each response is the last

    def _refresh(self) -> None:
        second = int(time.time())
        if second != self._second:
            self._second = second
            own = self.config.response_headers("h11")
            lines = b"".join(b"%b: %b\r\n" % each for each in own)
            self._own = lines + self._last
            self._common = _COMMON + self._own

    def close(self, *, last: bool) -> None:
        """Mark each response from now on as the last on its connection, or stop doing so."""
        self._last = CLOSE if last else b""
        self._second = 0
        self._begin("")

    def _always(self, request_id: str) -> bytes:
        """Return the headers of every response."""
        self._refresh()
        return b"x-request-id: %b\r\n%b" % (request_id.encode(), self._common)

    def encode(self, answer: Answer, request_id: str, *, close: bool = False) -> bytes:
        """Return the response of an answer.

        Args:
            answer: The answer.
            request_id: Goes into the head.
            close: Whether a refusal or a pause is the last response on its connection.
        """
        if isinstance(answer, Settlement):
            return self.settled(answer, request_id)
        if isinstance(answer, Pause):
            return self.paused(answer, request_id, close=close)
        if isinstance(answer, Over):
            return self.over(request_id)
        return self.problem(problems.refused(answer), request_id, close=close)

    def reply(self, reply: Reply, request: Request, request_id: str, *, head: bool) -> bytes:
        """Return the answer to a request for a resource.

        Args:
            reply: The answer.
            request: The request.
            request_id: Goes into the head.
            head: The request is a ``HEAD``: the body is not sent.
        """
        self._refresh()
        if not reply.encoded:
            reply.encoded = _head(reply)
        varies = self._vary
        if request.origin is not None and varies:
            varies = _pairs(cors.headers(request.origin, self._origins))
        body = b"" if head else reply.body
        return b"%bx-request-id: %b\r\n%b%b\r\n%b" % (
            reply.encoded,
            request_id.encode(),
            varies,
            self._own,
            body,
        )

    def settled(self, settlement: Settlement, request_id: str) -> bytes:
        """Return the answer to a settled click.

        The body equals `wire.settlement_json`, but its end and most of the head are made
        once for all equal outcomes of a batch.
        """
        reward = settlement.reward
        if settlement.duplicate:
            self._begin("")  # the end of this body fits no other answer
        elif reward.at is not self._at:
            self._begin(reward.at)
        outcome = reward.prize if reward.sold_out is None else (reward.sold_out,)
        end = self._ends.get(outcome)
        if end is None:
            text = wire.settlement_end(settlement)
            end = self._ends[outcome] = text, len(text) + _BODY
        text, size = end
        place = wire.seq_and_position(reward)
        return (
            "HTTP/1.1 200 \r\ncontent-type: application/json\r\ncontent-length: "
            f"{size + len(place)}\r\nx-request-id: {request_id}\r\n{self._middle}"
            f'{{"id":"{reward.id}","seq":{place}{text}'
        ).encode()

    def _begin(self, at: str) -> None:
        """Drop the pieces of the previous batch."""
        self._at = at
        self._ends.clear()
        self._refresh()
        self._middle = f"{self._common.decode()}\r\n"

    def problem(self, problem: problems.Problem, request_id: str, *, close: bool = False) -> bytes:
        """Return a problem."""
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

    def paused(self, pause: Pause, request_id: str, *, close: bool = False) -> bytes:
        """Return an event stream that only tells the client when to reconnect."""
        self._refresh()
        blocks = pause.blocks
        return b"HTTP/1.1 200 \r\n%bcontent-length: %d\r\nx-request-id: %b\r\n%b%b\r\n%b" % (
            _EVENTS,
            len(blocks),
            request_id.encode(),
            self._common.removeprefix(_COMMON),
            CLOSE if close and not self._last else b"",
            blocks,
        )

    def over(self, request_id: str) -> bytes:
        """Return the answer after which a browser does not reconnect."""
        return b"HTTP/1.1 %d \r\n%b\r\n" % (HTTPStatus.NO_CONTENT, self._always(request_id))
