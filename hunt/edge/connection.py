"""The connection class that replaces Hypercorn's: contained, bounded, and parked when idle.

Each repair names a row of docs/reference/traps.md, and has tests that fail without it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import h11
import trio
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer

from hunt.core.addresses import UNIX
from hunt.core.proxies import Peer
from hunt.edge.admission import BEYOND_TIMEOUT, OPERATIONS_TIMEOUT, Slot
from hunt.edge.framing import Answered
from hunt.edge.handshake import Upgraded
from hunt.edge.http2 import HTTP2
from hunt.edge.lingering import linger
from hunt.edge.park import IDLE_TIMEOUT, Park
from hunt.edge.parked_connection import ParkedConnection
from hunt.edge.sending import SEND_TIMEOUT, send_all
from hunt.edge.socket import serve as serve_socket
from hunt.edge.tls_connection import TLSConnection, shake_hands
from hunt.edge.transport import host, local
from hunt.edge.worker import SLOT, Worker
from hunt.web.scope_state import LOCAL_ADDRESS


@dataclass(slots=True)
class _Reader:
    """The reader of a connection while Hypercorn serves it."""

    received: bytes | None  #: bytes read before; None: the connection was never parked
    scope: trio.CancelScope | None = None  #: scope of the task that reads
    answered: Answered | None = None  #: set once the response is sent; the socket can be parked
    over: bool = False  #: nothing more is read for Hypercorn


class Connection(TCPServer):
    """Hypercorn's connection, changed so that no client can stop or delay the process.

    If cancelled, it ends within the `SEND_TIMEOUT` of one piece, even in the middle of a send.
    """

    slot: Slot  #: its slot in the limits; set by `serve`
    _reader: _Reader
    _scope: trio.CancelScope
    _parked = False  # the park has the socket again
    _idle: float | None = None  # time at which it became idle; None: a request is in flight
    _secure: TLSConnection | None = None  # serves now

    async def run(self) -> None:
        """Serve a new connection that was not parked, to its end."""
        await self.serve(None, self._worker.admission.admit(self._peer()))

    async def serve(self, received: bytes | None, slot: Slot) -> None:
        """Serve the connection to its end, or until it is parked; errors end here.

        Args:
            received: The bytes that the park has read; None: it never had the connection.
            slot: The connection's slot in the limits.
        """
        self.slot, self._reader = slot, _Reader(received)
        self._idle = trio.current_time()
        self._scope = trio.CancelScope()
        if slot.beyond is not None:
            self._scope.deadline = self._idle + BEYOND_TIMEOUT
        slot.holder = self
        try:
            with self._scope, self._worker.contained():
                if self._plain() is not None or await shake_hands(self.stream):
                    await self._serve()
        finally:
            if not self._parked:
                slot.release()

    def idle_since(self) -> float | None:
        """See `hunt.edge.admission.Holder`."""
        if self._secure is not None:
            return self._secure.idle
        http2 = self._http2()
        return self._idle if http2 is None else http2.idle_since(self._idle)

    def evict(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        if self.idle_since() is not None:
            self.abort()

    def abort(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self._scope.cancel()
        self.slot.release()

    def _peer(self) -> Peer:
        play = self._worker.play
        if play is None:  # the application is not hunt's
            return Peer(UNIX, trusted=True, key=None)
        return play.proxies.peer(host(self._transport().socket))

    async def _serve(self) -> None:
        """Serve by Hypercorn; over TLS, the fast lane and Hypercorn take turns."""
        # The state is shared by all connections, hence the copy.
        self.state = {**self.state, LOCAL_ADDRESS: local(self._transport().socket), SLOT: self.slot}
        park = self._worker.park
        if (
            self._plain() is not None
            or park is None
            or self.stream.selected_alpn_protocol() == "h2"
        ):
            await super().run()
            return
        secure = TLSConnection(self._worker, park, self.stream, self.slot)
        rest = await self._serve_secure(secure, b"")
        while rest is not None:
            reader = self._reader = _Reader(rest)
            await super().run()
            answered = reader.answered
            rest = None if answered is None else await self._serve_secure(secure, answered.received)

    async def _serve_secure(self, secure: TLSConnection, received: bytes) -> bytes | None:
        """Serve by the fast lane; return the bytes for Hypercorn, None at the end."""
        self._secure = secure
        try:
            rest = await secure.serve(received)
        finally:
            self._secure = None
        if rest is None and self.slot.beyond is not None:
            await linger(self._transport())
        return rest

    @property
    def _worker(self) -> Worker:
        assert isinstance(self.context, Worker), "edge.install replaces both"
        return self.context

    def _transport(self) -> trio.SocketStream:
        """Return the stream below TLS."""
        stream: object = self.stream
        assert isinstance(stream, trio.SocketStream | trio.SSLStream)
        return stream if isinstance(stream, trio.SocketStream) else stream.transport_stream

    def _plain(self) -> trio.SocketStream | None:
        """Return the stream, None for a connection over TLS."""
        stream: object = self.stream
        return stream if isinstance(stream, trio.SocketStream) else None

    async def _read_data(self) -> None:
        reader = self._reader
        with trio.CancelScope() as reader.scope:
            try:
                if reader.received:
                    await self.protocol.handle(RawData(reader.received))
                await super()._read_data()
            except Upgraded as upgraded:
                self.slot.pin()
                play = self._worker.play
                assert play is not None, "it has admitted the handshake"
                await serve_socket(play, self.stream, upgraded)
        reader.over = True
        # HTTP/2 may have begun one more stream after the others were told of the end.  Without
        # this, its application would wait for ever.
        await self.protocol.handle(Closed())
        await self.idle_task.stop()  # otherwise the task group would wait for it

    async def _idle_timeout(self) -> None:
        """End a connection that is idle for too long, or when the worker drains.

        The configured time is for the head of an HTTP/1.1 request, because idle HTTP/1.1
        connections are parked.  A browser has one connection for HTTP/2, and keeps it longer.
        """
        http2 = self._http2()
        if http2 is None:
            with trio.move_on_after(self.config.keep_alive_timeout):
                await self._worker.wait_reads_cancelled()
        else:
            with self._worker.cancellable_read():
                await http2.wait_unused(lambda: self._idle, IDLE_TIMEOUT)
        with trio.CancelScope(shield=True):
            if http2 is not None:
                with trio.move_on_after(SEND_TIMEOUT):
                    await http2.finish()
            await self._initiate_server_close()

    def _http2(self) -> HTTP2 | None:
        """Return the protocol, if it is HTTP/2."""
        # Hypercorn makes it after the handshake.
        protocol = self.protocol.protocol if hasattr(self, "protocol") else None
        return protocol if isinstance(protocol, HTTP2) else None

    async def _close(self) -> None:
        reader, park, plain = self._reader, self._worker.park, self._plain()
        idle = reader.scope is not None and reader.scope.cancelled_caught
        if reader.answered is None or not idle or park is None:
            reader.answered = None
            await linger(self._transport())
            await self.stream.aclose()
        elif plain is not None:
            self._parked = True
            _park(plain, park, reader.answered.received, self.slot)

    def _answered(self) -> tuple[H11Protocol, h11.Connection] | None:
        """Return the protocol if the request is answered and the socket can be parked."""
        protocol, park = self.protocol.protocol, self._worker.park
        if self._reader.received is None or park is None:
            return None
        if not park.open or park.announces_close or not isinstance(protocol, H11Protocol):
            return None
        connection = protocol.connection
        if not isinstance(connection, h11.Connection) or connection.trailing_data[1]:
            return None
        if connection.their_state is not h11.IDLE:
            return None  # the rest of a body is dropped first
        return protocol, connection

    async def protocol_send(self, event: Event) -> None:
        """Send to the client, which has to take the bytes in time.

        Hypercorn shields its sends without a deadline (H3).  With a client that stopped
        reading, a send could not be cancelled, and the shutdown hung.
        """
        match event:
            case RawData(data=data):
                await self._send(data)
            case Closed():
                # Hypercorn would close at once; here the reader ends, and `_close` follows.
                await self._stop_reading()
            case Updated(idle=idle):
                await self._update(event, idle=idle)
            case _:
                await super().protocol_send(event)

    async def _update(self, event: Updated, *, idle: bool) -> None:
        """Note whether a request is in flight; after its response, stop reading to park."""
        reader, now = self._reader, trio.current_time()
        if reader.over:
            return
        self._idle = now if idle else None
        if self.slot.beyond is not None and not idle:
            self._scope.deadline = now + OPERATIONS_TIMEOUT
        answered = self._answered() if idle else None
        if answered is None:
            await super().protocol_send(event)
            return
        protocol, connection = answered
        reader.answered = Answered(connection.trailing_data[0])
        protocol.connection = reader.answered  # type: ignore[assignment]  # has all that Hypercorn uses
        assert reader.scope is not None, "a request was read"
        reader.scope.cancel()

    async def _send(self, data: bytes) -> None:
        async with self.send_lock:
            try:
                await send_all(self.stream, data, shield=True)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self._stop_reading()
            except trio.TooSlowError:
                self._worker.faults["send"] += 1
                await trio.aclose_forcefully(self.stream)
                await self._stop_reading()

    async def _stop_reading(self) -> None:
        """End a connection whose client no longer reads, or that has had its last output.

        Its reader may wait until a response is sent, and would not notice the end.
        """
        await self.protocol.handle(Closed())
        if self._reader.scope is not None:
            self._reader.scope.cancel()


def _park(stream: trio.SocketStream, park: Park, received: bytes, slot: Slot) -> None:
    """Move the socket of `stream` to the park, with the bytes that were read from it."""
    fd = stream.socket.detach()
    if park.open:
        ParkedConnection(park, fd, slot).begin(received)
    else:
        slot.release()
        os.close(fd)
