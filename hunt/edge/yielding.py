"""A worker that can take no clicks leaves new connections to the workers that can.

They share the listening sockets: what one does not accept, another one does.
"""

from __future__ import annotations

import types

import trio

from hunt.edge import worker
from hunt.edge.gate import Gate
from hunt.processes.listening import name_of


class Listener(trio.abc.Listener[trio.SocketStream]):
    """Accepts connections while the gate of its worker is open.

    Args:
        sock: Listens.
    """

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.socket = sock
        self._listener = trio.SocketListener(sock)
        serving = worker.current()
        shared = serving is not None and name_of(sock) != serving.gate.own
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


class Trio(types.ModuleType):
    """The module `trio`, but for the class of listeners: as `hypercorn.trio.run` sees it."""

    SocketListener = Listener

    def __getattr__(self, name: str) -> object:
        return getattr(trio, name)
