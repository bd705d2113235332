"""A listener that stops accepting while its worker leaves clients to the other workers.

Worker processes share their listening sockets: a connection that one does not accept
is accepted by another.
"""

from __future__ import annotations

import types

import trio

from hunt.edge import worker
from hunt.edge.gate import Gate
from hunt.processes.listening import name_of


class Listener(trio.abc.Listener[trio.SocketStream]):
    """Accepts connections while the gate of its worker is open.

    The worker's own socket has no gate, because its clients are the other workers of the
    server, which address this one.

    Args:
        sock: A listening socket.
    """

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.socket = sock
        self._listener = trio.SocketListener(sock)
        serving = worker.current()
        shared = serving is not None and name_of(sock) != serving.own_socket
        self._gate = serving.gate if serving is not None and shared else Gate()

    async def accept(self) -> trio.SocketStream:
        """Accept a connection."""
        while True:
            await self._gate.wait_open()
            with self._gate.passing():
                return await self._listener.accept()

    async def aclose(self) -> None:
        """Close the socket."""
        await self._listener.aclose()


class TrioWithListener(types.ModuleType):
    """The module `trio` with `Listener` as its listener class, for `hypercorn.trio.run`."""

    SocketListener = Listener

    def __getattr__(self, name: str) -> object:
        return getattr(trio, name)
