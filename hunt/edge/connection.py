"""One client's connection: Hypercorn's, contained and bounded.

Each repair names the row of the fault it mends; `tests/edge` fails without it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import trio
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.tcp_server import TCPServer

from hunt.edge.worker import Worker

#: Seconds that one send may take.  A client that reads nothing for so long is
#: gone or hostile; its player comes back with ``Last-Event-ID``.
SEND_TIMEOUT = 10.0

#: Milliseconds that sent bytes may stay unacknowledged before the kernel gives
#: the peer up: a phone that sleeps sends no FIN.
USER_TIMEOUT = 25_000

log = structlog.get_logger("hunt.edge")


class Connection(TCPServer):
    """Hypercorn's connection, such that no client can stop or delay the process.

    Cancelled, it ends within `SEND_TIMEOUT`, even in the middle of a send.
    """

    async def run(self) -> None:
        """Serve the connection to its end; whatever goes wrong ends here."""
        configure(self.stream)
        with contained(), self._counted():
            await super().run()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        assert isinstance(self.context, Worker), "edge.install replaces both"
        self.context.connections += 1
        try:
            yield
        finally:
            self.context.connections -= 1

    async def protocol_send(self, event: Event) -> None:
        """Send to the client, for `SEND_TIMEOUT` seconds at most.

        Hypercorn shields its sends without a deadline (H3): one client that
        stopped reading could be cancelled by nobody, and hung the shutdown.
        """
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        async with self.send_lock:
            try:
                with trio.fail_after(SEND_TIMEOUT, shield=True):
                    await self.stream.send_all(event.data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self.protocol.handle(Closed())
            except trio.TooSlowError:
                await trio.aclose_forcefully(self.stream)
                await self.protocol.handle(Closed())


@contextmanager
def contained() -> Iterator[None]:
    """Let nothing of one connection reach the server's nursery (H1).

    Hypercorn's protocols raise on hostile input, and an exception that leaves a
    connection ends the worker, and with it all workers.  Only cancellation, and
    what is no `Exception`, passes.
    """
    try:
        yield
    except Exception as exc:
        # Broad on purpose: which exceptions hostile bytes can cause is not a closed list.
        log.warning("connection failed", error=type(exc).__name__)
    except BaseExceptionGroup as group:
        _, rest = group.split(Exception)
        if rest is not None:
            raise rest from None
        log.warning("connection failed", error=type(group.exceptions[0]).__name__)


def configure(stream: trio.abc.Stream) -> None:
    """Set the options of a client's socket, where it is one of TCP."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    assert isinstance(transport, trio.SocketStream)
    if transport.socket.family == socket.AF_UNIX:
        return
    try:
        transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
    except OSError:
        pass  # the client has gone already, which the first read will find
