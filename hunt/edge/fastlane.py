"""One parked connection that sends requests: clicks are decided and answered here."""

from __future__ import annotations

import os

import trio

from hunt.core import sse
from hunt.core.events import Outcome, Settlement
from hunt.edge.access import log_request
from hunt.edge.admission import BEYOND_TIMEOUT, Slot
from hunt.edge.lingering import LingeringClose
from hunt.edge.park import HEAD_TIMEOUT, IDLE_TIMEOUT, Park
from hunt.edge.refusal import overloaded, pause
from hunt.edge.request import Request, may_be_hot
from hunt.edge.sending import write_all
from hunt.edge.stream import open_stream
from hunt.errors import Overloaded, Refused, TooFast

#: Bytes that are read at once.
from hunt.play import endpoints, greeting
from hunt.web import problems

READ = 16_384

#: Bytes that may wait behind a click that is not answered yet.
MAX_PIPELINED = 65_536


class Client:
    """A connection between two requests, or with a click on its way to the log.

    One request at a time: what is sent behind it waits in `buffer`, so answers go
    out in the order of the requests (RFC 9112, 9.3.2).
    """

    __slots__ = (
        "_busy",
        "_ends",
        "_request",
        "_watched",
        "buffer",
        "fd",
        "park",
        "since",
        "slot",
    )

    def __init__(self, park: Park, fd: int, slot: Slot) -> None:
        self.park = park
        self.fd = fd
        self.slot = slot  #: its place in the limits
        self.buffer = b""
        self.since = park.now  # of the last request, or of the first byte of this one
        self._busy = False  # a click waits for its commit, or an answer for its socket
        self._ends = False  # the client sends nothing more
        self._watched = True
        # The last click's, while it waits; kept where it is remembered anyway, because
        # the next one mostly has the same head.
        self._request: Request | None = None
        park.add(self)

    def begin(self, received: bytes) -> None:
        """Serve what was read before the connection came here."""
        self.buffer = received
        with self.park.contained(self):
            self._advance()

    def readable(self) -> None:
        """Read, and serve what is complete."""
        try:
            data = os.read(self.fd, READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            if self._busy:  # it may still want its answer: only its half is closed
                self._ends = True
                self._rest()
            else:
                self.end()
            return
        request = self._request
        if (
            request is not None
            and not self._busy
            and not self.buffer
            and len(data) == len(request.head) + (request.length or 0)
            and data.startswith(request.head)
        ):
            self._click(request, data[len(request.head) :])
            return
        if not self.buffer:
            self.since = self.park.now
        self.buffer = self.buffer + data if self.buffer else data
        if not self._busy:
            self._advance()
        elif len(self.buffer) > MAX_PIPELINED:
            self._rest()

    def _rest(self) -> None:
        """Read nothing for now."""
        if self._watched:
            self._watched = False
            self.park.watch(self.fd, reading=False)

    def _advance(self) -> None:
        """Serve what is complete, one after the other, until something has to wait."""
        while self.fd >= 0 and self.buffer and not self._busy:
            buffer = self.buffer
            size = buffer.find(b"\r\n\r\n") + 4
            if size < 4:
                if not may_be_hot(buffer):
                    self._give_away()
                return
            request = self.park.heads.read(buffer[:size])
            if request is None:
                self._give_away()
                return
            if request.length is None:
                if len(buffer) > size:
                    self._give_away()
                else:
                    self._stream(request)
                return
            whole = size + request.length
            if len(buffer) < whole:
                return
            self.buffer = buffer[whole:]
            self._click(request, buffer[size:whole])
        if not self._watched and not self._ends and self.fd >= 0:
            self._watched = True
            self.park.watch(self.fd, reading=True)

    def _click(self, request: Request, body: bytes) -> None:
        park = self.park
        self._request = request
        self.since = park.now
        self._busy = True
        try:
            if self.slot.beyond is not None:
                raise overloaded(self.slot)
            standing = request.standing_now(park.engine, park.heads)
            endpoints.click(park.engine, standing, self.slot.peer, body, self.settled, self.since)
        except Refused as refusal:
            self._busy = False
            if not request.remembered:
                self._request = None
            self._refuse(refusal, request)

    def settled(self, outcome: Outcome) -> None:
        """Answer the click; what goes wrong ends this connection only."""
        self._busy = False
        request, park = self._request, self.park
        assert request is not None, "there was a click"
        if not request.remembered:
            self._request = None
        try:
            if isinstance(outcome, Settlement):
                request_id = endpoints.request_id(request.id)
                self._write(answer := park.answers.settled(outcome, request_id))
                self._log(200, request, request_id, answer)
            else:
                self._refuse(endpoints.shown(park.engine, request.asked.hunt, outcome), request)
            if self.buffer or self._ends:
                self._advance()
        except Exception as exc:
            self.park.fail(self, exc)  # the other clicks of the batch want their answers

    def _refuse(self, refusal: Refused, request: Request) -> None:
        problem, request_id = problems.refused(refusal), endpoints.request_id(request.id)
        close = self.slot.beyond is not None
        self._write(answer := self.park.answers.problem(problem, request_id, close=close))
        self._log(problem.status, request, request_id, answer)

    def _log(
        self, status: int, request: Request, request_id: str, answer: bytes | None = None
    ) -> None:
        log_request(self.park.access, request, status, request_id, self.since, answer)

    def _stream(self, request: Request) -> None:
        request_id = endpoints.request_id(request.id)
        self.since = self.park.now
        self.buffer = b""
        if self.slot.beyond is not None:
            self._write(answer := self.park.answers.paused(pause(), request_id, close=True))
            self._log(200, request, request_id, answer)
            return
        try:
            hunt, subscription = endpoints.stream(self.park.engine, request.asked, self.slot.peer)
        except (Overloaded, TooFast) as refusal:
            again = sse.pause(greeting.reconnect_ms(at_least=refusal.retry_after))
            self._write(answer := self.park.answers.paused(again, request_id))
            self._log(200, request, request_id, answer)
            return
        except Refused as refusal:
            self._refuse(refusal, request)
            return
        if hunt.has_ended:
            self._write(answer := self.park.answers.over(request_id))
            self._log(204, request, request_id, answer)
            return
        self._log(200, request, request_id)
        fd, self.fd = self.fd, -1
        open_stream(self.park, fd, hunt, subscription, request.asked.last_event_id, request_id)

    def _write(self, data: bytes) -> None:
        """Write an answer; what does not fit is written by a task."""
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
        elif self._ends:
            self.end()
        elif self._last:
            self._leave()

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
        if self._ends:
            self.end()
        elif self.fd >= 0 and self._last:
            self._leave()
        elif self.fd >= 0:
            self._advance()

    def _give_away(self) -> None:
        """Let Hypercorn serve this one."""
        fd, self.fd = self.fd, -1
        self.park.hand_over(fd, self.buffer, watched=self._watched)

    def close_if_idle(self) -> None:
        """Handle buffered input, else close the connection.

        Between the read and the close there is nothing that takes time, so only what
        comes in these microseconds is lost, and what comes when the client has not
        heard of the end yet.
        """
        if not self._busy:
            self.readable()
        if not self._busy and not self.buffer:
            self.end()

    def _leave(self) -> None:
        """Let the client close the connection, which has had its last answer."""
        fd, self.fd = self.fd, -1
        if not self._watched:
            self.park.watch(fd, reading=True)
        LingeringClose(self.park, fd)

    def check_timeout(self, now: float) -> None:
        """End a connection that is idle, or whose request does not arrive."""
        limit = HEAD_TIMEOUT if self.buffer else IDLE_TIMEOUT
        if self.slot.beyond is not None:
            limit = BEYOND_TIMEOUT
        if not self._busy and now - self.since > limit:
            self.end()

    def idle_since(self) -> float | None:
        """See `hunt.edge.admission.Holder`; a request that has not all arrived is not in flight."""
        return None if self._busy else self.since

    def evict(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        with self.park.contained(self):
            if not self._busy:
                self.readable()
            if not self._busy:
                self.end()

    def abort(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self.end()

    def heartbeat(self) -> None:
        """Send nothing: only event streams have heartbeats."""

    def end(self) -> None:
        """Close the connection; a click on its way may still count."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            self.park.close(fd, watched=self._watched)
