"""One parked connection that sends requests; its clicks are answered without a task."""

from __future__ import annotations

import os

import trio

from hunt.core.events import Outcome
from hunt.edge.admission import BEYOND_TIMEOUT, Slot
from hunt.edge.head import INCOMPLETE, OTHER, ParsedHead
from hunt.edge.lingering import LingeringClose
from hunt.edge.park import HEAD_TIMEOUT, IDLE_TIMEOUT, Park
from hunt.edge.parked_socket import ParkedSocket
from hunt.edge.parked_stream import open_stream
from hunt.edge.reads import answer, respond
from hunt.edge.sending import write_all
from hunt.play.answers import Answer
from hunt.play.resources import Resource, peek
from hunt.play.stream import Stream

#: Maximum number of bytes in one read.
READ = 16_384

#: Number of pipelined requests that one connection gets answered in its turn.
PIPELINED_REQUESTS = 16

#: Maximum number of bytes that may wait behind an unanswered click.
MAX_PIPELINED = 65_536


class ParkedConnection(ParkedSocket):
    """A connection between two requests, or with a click in flight.

    It serves one request at a time.  Pipelined requests wait in `buffer`, so answers go
    out in the order of the requests (RFC 9112, 9.3.2).
    """

    __slots__ = ("_busy", "_ends", "_head", "buffer", "since")

    def __init__(self, park: Park, fd: int, slot: Slot) -> None:
        super().__init__(park, fd)
        self.slot = slot
        self.buffer = b""
        # Time of the last request, or of the first byte of this one.
        self.since = trio.current_time()
        self._busy = False  # a click is in flight, or an answer is being written
        self._ends = False  # the client has closed its half
        # Head of the click in flight.  A cached head stays here afterwards, because the
        # next click usually has the same head.
        self._head: ParsedHead | None = None
        park.add(self)

    def begin(self, received: bytes) -> None:
        """Serve the bytes that were read before the connection was parked."""
        if self.fd < 0:  # the park could not watch it
            return
        self.buffer = received
        with self.park.contained(self):
            self._advance()

    def readable(self) -> None:
        """Read, and serve complete requests."""
        try:
            data = os.read(self.fd, READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            if self._busy:  # the client has closed only its half, and waits for its answer
                self._ends = True
                self._pause_reading()
            else:
                self.end()
            return
        head = self._head
        if (
            head is not None
            and not self._busy
            and not self.buffer
            and len(data) == len(head.raw) + (head.length or 0)
            and data.startswith(head.raw)
        ):
            self._click(head, data[len(head.raw) :])
            return
        if not self.buffer:
            self.since = self.park.now
        self.buffer = self.buffer + data if self.buffer else data
        if not self._busy:
            self._advance()
        elif len(self.buffer) > MAX_PIPELINED:
            self._pause_reading()

    def _pause_reading(self) -> None:
        """Pause reading."""
        if self.watched:
            self.watched = False
            self.park.watch(self.fd, reading=False)

    def _resume_reading(self) -> None:
        """Read again, also the end of input."""
        if not self.watched:
            self.watched = True
            self.park.watch(self.fd, reading=True)

    def _advance(self) -> None:
        """Serve complete requests, one after the other, until one has to wait."""
        left = PIPELINED_REQUESTS
        while self.fd >= 0 and self.buffer and not self._busy:
            head = self.park.heads.next_request(self.buffer)
            if head is INCOMPLETE:
                if self._ends:
                    self.end()
                return
            if head is OTHER or (head.resource is not None and self.slot.beyond is not None):
                self._hand_over()
                return
            if head.length is None:
                self._stream(head)
                return
            if left == 0:
                self._busy = True
                self.park.start_task(self._continue)
                return
            left -= 1
            size = len(head.raw)
            body = self.buffer[size : size + head.length]
            self.buffer = self.buffer[size + head.length :]
            if head.resource is None:
                self._click(head, body)
            else:
                self._read(head, head.resource)
        if not self._ends and self.fd >= 0:
            self._resume_reading()

    def _click(self, head: ParsedHead, body: bytes) -> None:
        park = self.park
        self._head = head
        self.since = park.now
        self._busy = True
        refusal = park.play.click(
            head.request, self.slot.peer, body, self.settled, self.since, self.slot.beyond
        )
        if not head.cached:
            park.heads.keep(head)
        if refusal is not None:
            self._busy = False
            self._answer(refusal)

    def settled(self, outcome: Outcome) -> None:
        """Answer the click; a failure ends this connection only."""
        self._busy = False
        try:
            self._answer(outcome)
            if self.buffer:
                self._advance()
        except Exception as exc:
            self.park.fail(self, exc)  # the other clicks of the batch must get their answers

    def _answer(self, outcome: Outcome) -> None:
        """Write the answer to the click."""
        head = self._head
        assert head is not None, "there was a click"
        if not head.cached:
            self._head = None
        self._respond(head, outcome, self.park.play.ids.choose(head.request.id))

    def _respond(self, head: ParsedHead, answer: Answer, request_id: str) -> None:
        """Write a whole response, and log it."""
        data = self.park.answers.encode(answer, request_id, close=self.slot.beyond is not None)
        self._write(data)
        access = self.park.play.access
        if access.only_counts:
            access.count(head.route, answer.status)
            return
        access.answered(head, answer.status, request_id=request_id, since=self.since, answer=data)

    async def _continue(self) -> None:
        """Serve the rest of many pipelined requests, after other connections had their turn."""
        await trio.lowlevel.checkpoint()
        self._busy = False
        with self.park.contained(self):
            self._advance()

    def _read(self, head: ParsedHead, resource: Resource) -> None:
        """Answer a request for a resource from memory; else a task answers it."""
        park = self.park
        self.since = park.now
        if not head.cached:
            park.heads.keep_read(head)
        request_id = park.play.ids.choose(head.request.id)
        reply = peek(resource, head.request, self.slot.peer)
        if reply is None:
            self._busy = True
            park.start_task(self._read_later, head, resource, request_id)
        else:
            self._write(respond(park, head, reply, request_id, self.since))

    async def _read_later(self, head: ParsedHead, resource: Resource, request_id: str) -> None:
        """Answer a request for a resource that is not in memory."""
        reply = await answer(resource, head, self.slot.peer, request_id)
        self._busy = False
        with self.park.contained(self):
            self._write(respond(self.park, head, reply, request_id, self.since))
            if self.buffer:
                self._advance()

    def _stream(self, head: ParsedHead) -> None:
        """Answer a request for an event stream."""
        park = self.park
        request_id = park.play.ids.choose(head.request.id)
        self.since = park.now
        self.buffer = b""
        answer = park.play.events(head.request, self.slot.peer, self.slot.beyond)
        if not isinstance(answer, Stream):
            self._respond(head, answer, request_id)
            return
        park.play.access.answered(head, 200, request_id=request_id, since=self.since)
        self._resume_reading()
        open_stream(park, self.take_fd(), answer, park.answers.stream(request_id))

    def _write(self, data: bytes) -> None:
        """Write an answer; a task writes the part that does not fit into the socket."""
        if self.fd < 0:
            return
        try:
            sent = os.write(self.fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent < len(data):
            self._busy = True
            self.park.start_task(self._write_rest, data[sent:])
        else:
            self._answered()

    def _answered(self) -> None:
        """End the connection if the answer that has been written is its last."""
        if self._ends and not self.buffer:
            self.end()
        elif self.fd >= 0 and self._last:
            self._linger()

    @property
    def _last(self) -> bool:
        """Whether each answer is the last on this connection."""
        return self.park.announces_close or self.slot.beyond is not None

    async def _write_rest(self, rest: bytes) -> None:
        try:
            await write_all(self.fd, rest)
        except (OSError, trio.ClosedResourceError, trio.TooSlowError):
            self.end()
            return
        self._busy = False
        self._answered()
        self._advance()

    def _hand_over(self) -> None:
        """Hand the connection over to Hypercorn."""
        self.park.hand_over(self.take_fd(), self.buffer, watched=self.watched)

    def close_if_idle(self) -> None:
        """Handle buffered input, else close the connection.

        Only bytes that arrive between the read and the close are lost: some
        microseconds, and the time until the client learns of the close.
        """
        if not self._busy:
            self.readable()
        if not self._busy and not self.buffer:
            self.end()

    def _linger(self) -> None:
        """Let the client close the connection after its last answer."""
        self._resume_reading()
        LingeringClose(self.park, self.take_fd())

    def check_timeout(self, now: float) -> None:
        """Close a connection that is idle, or whose request does not arrive in time."""
        limit = HEAD_TIMEOUT if self.buffer else IDLE_TIMEOUT
        if self.slot.beyond is not None:
            limit = BEYOND_TIMEOUT
        if not self._busy and now - self.since > limit:
            self.end()

    def idle_since(self) -> float | None:
        """See `hunt.edge.admission.Holder`; an incomplete request is not in flight."""
        return None if self._busy else self.since

    def evict(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        with self.park.contained(self):
            if not self._busy:
                self.readable()
            if not self._busy:
                self.end()
