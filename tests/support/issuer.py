"""A server of an issuer's key set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio


@asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    """Run the server of an issuer."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, (served := Issuer()).serve, 0)
        served.url = f"http://localhost:{listeners[0].socket.getsockname()[1]}/keys"
        yield served
        nursery.cancel_scope.cancel()


class Issuer:
    """An issuer whose answer can be set."""

    url = ""
    status = 200
    body = b"{}"
    fetched = 0
    method = b""  #: of the last request

    async def serve(self, connection: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # a client that has read enough may reset it
            async with connection:
                while head := await connection.receive_some():
                    self.fetched += 1
                    self.method = bytes(head).partition(b" ")[0]
                    await connection.send_all(
                        b"HTTP/1.1 %d .\r\nContent-Length: %d\r\n\r\n%b"
                        % (self.status, len(self.body), self.body)
                    )
