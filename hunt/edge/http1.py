"""Hypercorn's HTTP/1.1, without the ways that lead from there into its other protocols."""

from __future__ import annotations

import h11
from hypercorn.events import Closed
from hypercorn.protocol.events import Event, Response
from hypercorn.protocol.h11 import H11Protocol

from hunt.core.addresses import UNIX
from hunt.edge import handshake
from hunt.edge.admission import Slot
from hunt.edge.answers import problem_headers
from hunt.edge.framing import Connection, Malformed
from hunt.edge.over_limit import refusal
from hunt.edge.worker import SLOT, Worker
from hunt.play import problems
from hunt.web.scope_state import CONTINUE

#: What is said of a malformed request where h11 has found the fault.
_FAULTS = {
    400: "the request is not valid HTTP/1.1, or ended before it was complete",
    431: "the head of the request, or its trailers, are too long",
}


class HTTP1(H11Protocol):
    """Serves requests, and lets go of the connection where one becomes a socket.

    A server may ignore an ``Upgrade`` (RFC 9110, 7.8).  That to h2c is sent by no
    browser; Hypercorn parses its ``HTTP2-Settings`` unguarded (H1), and a client that
    announces a window of nothing and leaves holds its connection for long.  Hypercorn's
    WebSocket would agree to deflate, look at the size of a message after it is all there
    (H5), and die of a frame that comes with the handshake (H1): hunt has its own.
    """

    async def initiate(self) -> None:
        """Begin; see `framing.Connection`."""
        self.connection = Connection(self.config.h11_max_incomplete_size)

    async def stream_send(self, event: Event) -> None:
        """Send; an answer says so where it is the last.

        It is where the worker is to end, and where the client still waits to be asked for
        a body: it may send that after all, so nothing behind the answer can be understood.
        """
        if isinstance(event, Response) and event.status_code >= 200:
            connection = self.connection
            waits = isinstance(connection, Connection) and connection.expects_continue
            if self._worker.announces_close or waits or self._slot.beyond is not None:
                headers = [*event.headers, (b"connection", b"close")]
                event = Response(event.stream_id, headers=headers, status_code=event.status_code)
        await super().stream_send(event)

    async def _send_error_response(self, status_code: int) -> None:
        """Answer a malformed request; the connection ends with that."""
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
        """Send a problem as the last answer on this connection.

        Args:
            problem: With its body.
            head: The request was a ``HEAD``: the body is not sent.
        """
        headers = [*problem_headers(problem), (b"connection", b"close")]
        headers += self.config.response_headers("h11")
        await self._send_h11_event(h11.Response(headers=headers, status_code=problem.status))
        if not head:
            await self._send_h11_event(h11.Data(data=problem.body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _proceed(self) -> None:
        """Ask the client for the body, where it waits to be asked (RFC 9110, 10.1.1)."""
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
            Upgraded: It is the handshake of a socket.
        """
        problem = refusal(self._worker, self._slot, request.method, request.target)
        if problem is not None:
            await self._answer(problem, head=request.method == b"HEAD")
            await self.send(Closed())
            return
        if handshake.wanted(request):
            engine = self._worker.engine
            scheme = "https" if self.ssl else "http"
            found = None if engine is None else handshake.read(engine.play, request, scheme)
            if found is not None and engine is not None:
                peer = engine.play.proxies.peer(UNIX if self.client is None else self.client[0])
                raise handshake.Upgraded(found, peer, self.connection.trailing_data[0])
            request = handshake.declined(request)
        self.connection_state[CONTINUE] = self._proceed
        await super()._create_stream(request)
