"""Hypercorn's HTTP/1.1, without the ways that lead from there into its other protocols."""

from __future__ import annotations

import h11
from hypercorn.protocol.h11 import H11Protocol

from hunt.core.addresses import UNIX
from hunt.edge import upgrade
from hunt.edge.worker import Worker


class HTTP1(H11Protocol):
    """Serves requests, and lets go of the connection where one becomes a socket.

    A server may ignore an ``Upgrade`` (RFC 9110, 7.8).  That to h2c is sent by no
    browser; Hypercorn parses its ``HTTP2-Settings`` unguarded (H1), and a client that
    announces a window of nothing and leaves holds its connection for long.  Hypercorn's
    WebSocket would agree to deflate, look at the size of a message after it is all there
    (H5), and die of a frame that comes with the handshake (H1): hunt has its own.
    """

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
