"""Hypercorn's HTTP/1.1 with strict framing, and without its upgrades to other protocols."""

from __future__ import annotations

import h11
from hypercorn.events import Closed, Updated
from hypercorn.protocol.events import Event, Response
from hypercorn.protocol.h11 import H11Protocol

from hunt.core.addresses import UNIX
from hunt.edge import handshake
from hunt.edge.admission import Slot
from hunt.edge.answers import problem_headers
from hunt.edge.framing import MAX_DROPPED, Connection, Malformed
from hunt.edge.over_limit import refusal
from hunt.edge.worker import SLOT, Worker
from hunt.play import problems
from hunt.web.scope_state import CONTINUE

#: The detail of a malformed request whose fault h11 has found, by status.
_FAULTS = {
    400: "the request is not valid HTTP/1.1, or ended before it was complete",
    431: "the head of the request, or its trailers, are too long",
}


class HTTP1(H11Protocol):
    """Serves requests; a WebSocket handshake raises `Upgraded`.

    An upgrade to h2c is ignored, as RFC 9110 (7.8) permits; no browser requests one.
    Hypercorn parses its ``HTTP2-Settings`` without a check (H1).  A client that announces a
    window of 0 and disappears would hold its connection for long.

    hunt has its own WebSocket.  Hypercorn's accepts deflate, checks the size of a message only
    after it has arrived (H5), and fails on a frame directly after the handshake (H1).
    """

    _length = 0  # the Content-Length of the request

    async def initiate(self) -> None:
        """Parse by hunt's strict `framing.Connection`."""
        self.connection = Connection(self.config.h11_max_incomplete_size)

    async def stream_send(self, event: Event) -> None:
        """Send a part of a response; the last response announces the close.

        A response is the last one if the worker drains, if the connection is over a limit, or
        if the body is too long to be dropped.  It is also the last one if the client still
        waits for ``100 Continue``: it may send the body all the same, so the meaning of the
        next bytes is unknown.
        """
        if isinstance(event, Response) and event.status_code >= 200:
            connection = self.connection
            unusable = isinstance(connection, Connection) and (
                connection.expects_continue or self._length > MAX_DROPPED
            )
            if self._worker.announces_close or unusable or self._slot.beyond is not None:
                headers = [*event.headers, (b"connection", b"close")]
                event = Response(event.stream_id, headers=headers, status_code=event.status_code)
        await super().stream_send(event)

    async def _maybe_recycle(self) -> None:
        """Prepare for the next request, once the body of this one has arrived.

        Hypercorn closes the connection if the application answers before that (401, 413).
        Pipelined requests, and sometimes the response itself, would be lost.  hunt drops the
        rest of the body instead.  Meanwhile the connection counts as idle.
        """
        await self._close_stream()
        connection = self.connection
        if isinstance(connection, Connection) and connection.unread:
            connection.drop_body()
            await self.send(Updated(idle=True))
        else:
            await super()._maybe_recycle()

    async def _handle_events(self) -> None:
        await super()._handle_events()
        while isinstance(self.connection, Connection) and self.connection.dropped:
            self.connection.start_next_cycle()
            await self.send(Updated(idle=True))
            await super()._handle_events()

    async def _send_error_response(self, status_code: int) -> None:
        """Answer a malformed request, and close the connection."""
        fault = self.connection.fault if isinstance(self.connection, Connection) else None
        detail = str(fault) if isinstance(fault, Malformed) else _FAULTS.get(status_code)
        await self._answer(problems.problem(status_code, detail or _FAULTS[400]))

    @property
    def _worker(self) -> Worker:
        assert isinstance(self.context, Worker), "edge.install replaces both"
        return self.context

    @property
    def _slot(self) -> Slot:
        slot = self.connection_state[SLOT]
        assert isinstance(slot, Slot), "each connection has one"
        return slot

    async def _answer(self, problem: problems.Problem, *, head: bool = False) -> None:
        """Send a problem as the last response on this connection.

        Args:
            problem: The problem.
            head: The request was a ``HEAD``: the body is not sent.
        """
        headers = [*problem_headers(problem), (b"connection", b"close")]
        headers += self.config.response_headers("h11")
        await self._send_h11_event(h11.Response(headers=headers, status_code=problem.status))
        if not head:
            await self._send_h11_event(h11.Data(data=problem.body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _proceed(self) -> None:
        """Send ``100 Continue`` if the client waits for it (RFC 9110, 10.1.1)."""
        connection = self.connection
        if isinstance(connection, Connection) and connection.expects_continue:
            headers = self.config.response_headers("h11")
            await self._send_h11_event(h11.InformationalResponse(status_code=100, headers=headers))

    async def _check_protocol(self, event: h11.Request) -> None:
        upgrades = {value.lower() for name, value in event.headers if name == b"upgrade"}
        if upgrades != {b"h2c"}:
            await super()._check_protocol(event)

    async def _create_stream(self, request: h11.Request) -> None:
        """Serve a request.

        Raises:
            Upgraded: The request is a WebSocket handshake.
        """
        problem = refusal(self._worker, self._slot, request.method, request.target)
        if problem is not None:
            await self._answer(problem, head=request.method == b"HEAD")
            await self.send(Closed())
            return
        if handshake.wanted(request):
            play = self._worker.play
            scheme = "https" if self.ssl else "http"
            found = None if play is None else handshake.read(play, request, scheme)
            if found is not None and play is not None:
                peer = play.proxies.peer(UNIX if self.client is None else self.client[0])
                raise handshake.Upgraded(found, peer, self.connection.trailing_data[0])
            request = handshake.declined(request)
        lengths = (int(value) for name, value in request.headers if name == b"content-length")
        self._length = next(lengths, 0)
        self.connection_state[CONTINUE] = self._proceed
        await super()._create_stream(request)
