"""One client's connection: Hypercorn's, contained and bounded.

Each repair names the row of the fault it mends; `tests/edge` fails without it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import h11
import trio
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer

from hunt.core.addresses import UNIX, Peer
from hunt.edge.admission import BEYOND_TIMEOUT, OPERATIONS_TIMEOUT, Slot
from hunt.edge.fastlane import Client
from hunt.edge.park import IDLE_TIMEOUT, Park
from hunt.edge.secure import Secure
from hunt.edge.sending import linger, send_all
from hunt.edge.socket import serve as serve_socket
from hunt.edge.transport import configure, host, local
from hunt.edge.upgrade import Upgraded
from hunt.edge.worker import SLOT, Worker
from hunt.logs import FaultLog
from hunt.web.who import LOCAL

#: Seconds for the handshake of TLS.
HANDSHAKE_TIMEOUT = 10.0

log = FaultLog("hunt.edge")


class Connection(TCPServer):
    """Hypercorn's connection, such that no client can stop or delay the process.

    Cancelled, it ends within `SEND_TIMEOUT` of a piece, even in the middle of a send.
    """

    received: bytes | None = None  #: what the park has read; None: a connection that is new
    slot: Slot  #: its place in the limits; of one that is new, set by `run`
    _reading: trio.CancelScope | None = None
    _left: _Left | None = None  # its request is answered, and it goes back to the park
    _over = False  # nothing more is read for Hypercorn
    _parked = False  # again, and so has another holder
    _idle: float | None = None  # since when no request is in flight
    _secure: Secure | None = None  # which serves at the moment

    async def run(self) -> None:
        """Serve the connection to its end, or until it is parked; what goes wrong ends here."""
        worker, park = self._worker, self._worker.park
        if self.received is None:
            configure(self.stream)
            self.slot = worker.admission.admit(self._peer())
            if park is not None and park.open:
                park.answers.config = self.config
                if (plain := self._plain()) is not None:
                    made = partial(type(self), self.app, self.config, self.context, self.state)
                    worker.learn(made)
                    _leave(plain, park, b"", self.slot)
                    return
        self._idle = trio.current_time()
        self._scope = trio.CancelScope()
        if self.slot.beyond is not None:
            self._scope.deadline = self._idle + BEYOND_TIMEOUT
        self.slot.holder = self
        try:
            with self._scope, contained(worker.faults):
                if self._plain() is not None or await self._shake_hands():
                    await self._serve()
        finally:
            if not self._parked:
                self.slot.release()

    def idle_since(self) -> float | None:
        """See `hunt.edge.admission.Holder`."""
        return self._idle if self._secure is None else self._secure.idle

    def evict(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        if self.idle_since() is not None:
            self.abort()

    def abort(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self._scope.cancel()
        self.slot.release()

    def _peer(self) -> Peer:
        engine = self._worker.engine
        if engine is None:  # it serves somebody else's application
            return Peer(UNIX, trusted=True, key=None)
        return engine.proxies.peer(host(self._socket))

    async def _shake_hands(self) -> bool:
        """Begin TLS; return False where the client cannot, or takes too long."""
        with trio.move_on_after(HANDSHAKE_TIMEOUT):
            try:
                await self.stream.do_handshake()
            except trio.BrokenResourceError:
                return False  # nothing was agreed on, so nothing can be said
            return True
        return False

    async def _serve(self) -> None:
        """Serve by Hypercorn, and over TLS by the fast lane in turn with it."""
        # Of this connection alone.
        self.state = {**self.state, LOCAL: local(self._socket), SLOT: self.slot}
        park = self._worker.park
        if (
            self._plain() is not None
            or park is None
            or self.stream.selected_alpn_protocol() == "h2"
        ):
            await super().run()
            return
        secure = Secure(self._worker, park, self.stream, self.slot)
        rest = await self._serve_secure(secure, b"")
        while rest is not None:
            self.received, self._left, self._reading, self._over = rest, None, None, False
            await super().run()
            # Set by `protocol_send`, once a request is answered and nothing is left of it.
            left: _Left | None = self._left
            rest = None if left is None else await self._serve_secure(secure, left.received)

    async def _serve_secure(self, secure: Secure, received: bytes) -> bytes | None:
        """Serve by the fast lane; return what it leaves to Hypercorn, None at the end."""
        self._secure = secure
        try:
            rest = await secure.serve(received)
        finally:
            self._secure = None
        if rest is None and self.slot.beyond is not None:
            await linger(self._transport())
        return rest

    @property
    def _socket(self) -> trio.socket.SocketType:
        plain = self._plain()
        return (self.stream.transport_stream if plain is None else plain).socket

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
        """Return the stream, None where there is TLS around it."""
        stream: object = self.stream
        return stream if isinstance(stream, trio.SocketStream) else None

    async def _read_data(self) -> None:
        with trio.CancelScope() as self._reading:
            try:
                if self.received:
                    await self.protocol.handle(RawData(self.received))
                await super()._read_data()
            except Upgraded as upgraded:
                self.slot.pin()
                engine = self._worker.engine
                assert engine is not None, "it has admitted this"
                await serve_socket(engine, self.stream, upgraded)
        self._over = True
        # Of HTTP/2 one more stream may have begun after the end was told to all others:
        # its application would wait for ever.
        await self.protocol.handle(Closed())
        await self.idle_task.stop()  # or the end would wait for it

    async def _idle_timeout(self) -> None:
        """End a connection that asks nothing for too long, or when the worker stops.

        The configured time is that of a head of HTTP/1.1, whose idle connections wait
        elsewhere; a browser that speaks HTTP/2 has one connection, and shall keep it.
        """
        head = isinstance(self.protocol.protocol, H11Protocol)
        with trio.move_on_after(self.config.keep_alive_timeout if head else IDLE_TIMEOUT):
            await self._worker.wait_released()
        with trio.CancelScope(shield=True):
            await self._initiate_server_close()

    async def _close(self) -> None:
        park, stream, left = self._worker.park, self._plain(), self._left
        idle = self._reading is not None and self._reading.cancelled_caught
        if left is None or not idle or park is None:
            self._left = None
            await linger(self._transport())
            await self.stream.aclose()
        elif stream is not None:
            self._left = None
            self._parked = True
            _leave(stream, park, left.received, self.slot)

    def _answered(self) -> tuple[H11Protocol, h11.Connection] | None:
        """Return the protocol, where nothing of this connection is left but its socket."""
        protocol, park = self.protocol.protocol, self._worker.park
        if self.received is None or park is None or not park.open or park.leaving:
            return None
        if not isinstance(protocol, H11Protocol):
            return None
        connection = protocol.connection
        if not isinstance(connection, h11.Connection) or connection.trailing_data[1]:
            return None
        return protocol, connection

    async def protocol_send(self, event: Event) -> None:
        """Send to the client, who has to take it in time.

        Hypercorn shields its sends without a deadline (H3): one client that
        stopped reading could be cancelled by nobody, and hung the shutdown.
        """
        if isinstance(event, Updated):
            if self._over:
                return
            self._rest(idle=event.idle)
        if isinstance(event, Updated) and event.idle and (answered := self._answered()):
            protocol, connection = answered
            self._left = _Left(connection.trailing_data[0])
            protocol.connection = self._left  # type: ignore[assignment]  # as much as is asked of it
            assert self._reading is not None, "there was a request"
            self._reading.cancel()
            return
        if isinstance(event, Closed):
            # Hypercorn would close at once; here the reader ends, and `_close` follows.
            await self._give_up()
            return
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        async with self.send_lock:
            try:
                await send_all(self.stream, event.data, shield=True)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self._give_up()
            except trio.TooSlowError:
                self._worker.faults["send"] += 1
                await trio.aclose_forcefully(self.stream)
                await self._give_up()

    def _rest(self, *, idle: bool) -> None:
        """Note whether a request is in flight."""
        now = trio.current_time()
        self._idle = now if idle else None
        if self.slot.beyond is not None and not idle:
            self._scope.deadline = now + OPERATIONS_TIMEOUT

    async def _give_up(self) -> None:
        """End a connection that takes nothing more, or has been told all.

        Its reader may wait for an answer to be sent before it reads on, and would
        not notice for itself.
        """
        await self.protocol.handle(Closed())
        if self._reading is not None:
            self._reading.cancel()


class _Left:
    """Stands in for h11 once the request is answered: keeps what comes, and parses nothing."""

    our_state = their_state = None
    they_are_waiting_for_100_continue = False

    def __init__(self, received: bytes) -> None:
        self.received = received

    def receive_data(self, data: bytes) -> None:
        self.received += data

    def next_event(self) -> type[h11.NEED_DATA]:
        return h11.NEED_DATA


def _leave(stream: trio.SocketStream, park: Park, received: bytes, slot: Slot) -> None:
    """Leave a socket to the park, which needs no task for it, and what was read from it."""
    fd = stream.socket.detach()
    if park.open:
        Client(park, fd, slot).begin(received)
    else:
        slot.release()
        os.close(fd)


@contextmanager
def contained(faults: Counter[str]) -> Iterator[None]:
    """Let nothing of one connection reach the server's nursery (H1).

    Hypercorn's protocols raise on hostile input, and an exception that leaves a
    connection ends the worker, and with it all workers.  Only cancellation, and
    what is no `Exception`, passes.
    """
    try:
        yield
    except Exception as exc:
        # Broad on purpose: which exceptions hostile bytes can cause is not a closed list.
        faults["contained"] += 1
        log.warning("connection failed", error=type(exc).__name__)
    except BaseExceptionGroup as group:
        _, rest = group.split(Exception)
        if rest is not None:
            raise rest from None
        faults["contained"] += 1
        log.warning("connection failed", error=type(group.exceptions[0]).__name__)
