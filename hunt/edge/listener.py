"""Listeners that accept connections for the park, without a task for each.

Worker processes share their listening sockets: a connection that one does not accept
is accepted by another.
"""

from __future__ import annotations

import socket
import types
from collections.abc import Callable

import trio

from hunt.core.addresses import UNIX
from hunt.edge import worker
from hunt.edge.gate import Gate
from hunt.edge.parked_connection import ParkedConnection
from hunt.processes.listening import name_of, tune

#: Number of connections accepted in one turn.  The workers that share a socket are all woken by a
#: burst of connections, so small turns divide it among them.
TURN = 8

#: Connections that a worker accepts for each second for which it left them to other workers; at
#: least `TURN` each time.
LEFT_RATE = 640


class Listener(trio.abc.Listener[trio.SocketStream]):
    """Accepts connections while the gate of its worker is open.

    The worker's own socket has no gate, because its clients are the other workers of the
    server, which address this one.

    Args:
        sock: A listening socket.
    """

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.socket = sock
        self.parks = False  #: whether connections go to the park; not those of TLS
        if sock.family != socket.AF_UNIX:
            # For a socket that Hypercorn's command opened; connections inherit the options.
            tune(sock)
        self._listener = trio.SocketListener(sock)
        # Accepts several connections in one turn of the loop; Trio's socket accepts one.
        self._plain = socket.fromfd(sock.fileno(), sock.family, sock.type)
        self._plain.setblocking(False)
        self._worker = serving = worker.current()
        self._shared = serving is not None and name_of(sock) != serving.own_socket
        self._gate = serving.gate if serving is not None and self._shared else Gate()

    async def accept(self) -> trio.SocketStream:
        """Accept connections; park them, or return the first one that cannot be parked.

        Raises:
            OSError: As of `trio.SocketListener.accept`.
            trio.ClosedResourceError: The listener is closed.
        """
        while True:
            await self._gate.wait_open()
            with self._gate.passing():
                if not self.parks:
                    return await self._listener.accept()
                await trio.lowlevel.wait_readable(self._plain)
                if delay := self._delay():
                    await trio.sleep(delay)
                if not self._accept_parked(max(TURN, round(delay * LEFT_RATE))):
                    return await self._listener.accept()

    def _delay(self) -> float:
        """Return the seconds for which a new connection is left to the other workers."""
        return self._worker.accept_delay() if self._shared and self._worker is not None else 0.0

    def _accept_parked(self, most: int) -> bool:
        """Accept and park the connections that wait, at most `most`.

        None waits if another worker was faster.

        Returns:
            False if the park is closed, or if an error occurred.  Trio's listener must then accept
            the next connection, which Hypercorn serves: it knows which errors are temporary.
        """
        serving = self._worker
        assert serving is not None, "a listener that parks was made for a worker"
        play, park = serving.play, serving.park
        if play is None or park is None or not park.open:
            return False
        for _ in range(most):
            try:
                sock, address = self._plain.accept()
            except BlockingIOError:
                break
            except OSError:
                return False
            sock.setblocking(False)
            host = UNIX if sock.family == socket.AF_UNIX else address[0]
            slot = serving.admission.admit(play.proxies.peer(host))
            ParkedConnection(park, sock.detach(), slot)
        return True

    async def aclose(self) -> None:
        """Close the socket."""
        trio.lowlevel.notify_closing(self._plain)
        self._plain.close()
        await self._listener.aclose()


class TrioWithListener(types.ModuleType):
    """The module `trio` for `hypercorn.trio.run`, with hunt's listeners."""

    SocketListener = Listener

    def __getattr__(self, name: str) -> object:
        return getattr(trio, name)

    async def serve_listeners(
        self,
        handler: Callable[[trio.SocketStream], worker.Served],
        listeners: list[trio.abc.Listener[trio.SocketStream]],
        *,
        handler_nursery: trio.Nursery,
    ) -> None:
        """Serve by `trio.serve_listeners`; the listeners without TLS park their connections.

        Args:
            handler: Makes a connection of a stream, and serves it.
            listeners: For connections, with TLS or without.
            handler_nursery: The nursery of the connections that are not parked.
        """
        serving = worker.current()
        assert serving is not None, "edge.install replaces both"
        serving.serve_by(handler, handler_nursery)
        for each in listeners:
            if isinstance(each, Listener):
                each.parks = True
        await trio.serve_listeners(handler, listeners, handler_nursery=handler_nursery)
