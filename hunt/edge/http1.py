"""Hypercorn's HTTP/1.1, without the ways that lead from there into its other protocols."""

from __future__ import annotations

import h11
from hypercorn.protocol.events import Event, Response
from hypercorn.protocol.h11 import H11Protocol

from hunt.core.addresses import UNIX
from hunt.edge import upgrade
from hunt.edge.worker import Worker


class _Connection(h11.Connection):
    """Takes no notice of what comes behind the last request.

    After a request of HTTP/1.0, or one that wants the connection closed, there is
    nothing more to say (RFC 9112, 9.6).  h11 takes more for an error, and Hypercorn
    would answer that with 400, perhaps in place of the answer that is on its way.
    """

    def receive_data(self, data: bytes) -> None:
        if self.their_state is not h11.MUST_CLOSE:
            super().receive_data(data)

    def next_event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        if self.their_state is h11.MUST_CLOSE:
            return h11.NEED_DATA
        return super().next_event()


class HTTP1(H11Protocol):
    """Serves requests, and lets go of the connection where one becomes a socket.

    A server may ignore an ``Upgrade`` (RFC 9110, 7.8).  That to h2c is sent by no
    browser; Hypercorn parses its ``HTTP2-Settings`` unguarded (H1), and a client that
    announces a window of nothing and leaves holds its connection for long.  Hypercorn's
    WebSocket would agree to deflate, look at the size of a message after it is all there
    (H5), and die of a frame that comes with the handshake (H1): hunt has its own.
    """

    async def initiate(self) -> None:
        """Begin; see `_Connection`."""
        limit = self.config.h11_max_incomplete_size
        self.connection = _Connection(h11.SERVER, max_incomplete_event_size=limit)

    async def stream_send(self, event: Event) -> None:
        """Send; where the worker is to end, an answer says that it is the last."""
        assert isinstance(self.context, Worker), "edge.install replaces both"
        if self.context.leaving and isinstance(event, Response) and event.status_code >= 200:
            headers = [*event.headers, (b"connection", b"close")]
            event = Response(event.stream_id, headers=headers, status_code=event.status_code)
        await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        upgrades = {value.lower() for name, value in event.headers if name == b"upgrade"}
        if upgrades != {b"h2c"}:
            await super()._check_protocol(event)

    async def _create_stream(self, request: h11.Request) -> None:
        """Serve a request.

        Raises:
            Upgraded: It is the handshake of a socket.
        """
        if upgrade.wanted(request):
            assert isinstance(self.context, Worker), "edge.install replaces both"
            engine = self.context.engine
            handshake = upgrade.read(request, scheme="https" if self.ssl else "http")
            if handshake is not None and engine is not None and upgrade.admitted(engine, handshake):
                peer = engine.proxies.peer(UNIX if self.client is None else self.client[0])
                raise upgrade.Upgraded(handshake, peer, self.connection.trailing_data[0])
            request = upgrade.declined(request)
        await super()._create_stream(request)
