"""A proxy that drops connections silently, as mobile networks do."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress
from typing import Self


class Proxy:
    """Forwards bytes in both directions; dropped connections stay open and silent."""

    def __init__(self, server: str) -> None:
        host, port = server.split(":")
        self._server = host, int(port)
        self._exits = ExitStack()
        self._dropped: set[socket.socket] = set()
        self._streams: set[socket.socket] = set()  # clients that asked for events, so far

    def __enter__(self) -> Self:
        self._listener = self._exits.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._exits.close()

    def drop_streams(self) -> None:
        """Drop all bytes of the current event streams."""
        assert self._streams
        self._dropped |= self._streams

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                upstream = socket.create_connection(self._server)
                for source, target in ((client, upstream), (upstream, client)):
                    self._exits.callback(_end, source)
                    threading.Thread(
                        target=self._pass, args=(client, source, target), daemon=True
                    ).start()

    def _pass(self, client: socket.socket, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if source is client and b"/events HTTP/1.1\r\n" in piece:
                    self._streams.add(client)
                if client not in self._dropped:
                    target.sendall(piece)
            if client not in self._dropped:
                target.shutdown(socket.SHUT_WR)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
