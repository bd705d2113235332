"""A WebSocket client that sends arbitrary bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio_websocket import WebSocketConnection, wrap_client_stream

from tests.support.raw_http import Reader
from tests.support.serving import LIVE, Client, connected, token

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of the example in RFC 6455, 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#: The beginnings of messages that are live events.
_LIVE = tuple(f'{{"{kind}":{{'.encode() for kind in LIVE)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def handshake(
    client: Client, *, path: str = "/v1/hunts/harbour/socket", player: str = "ada", **changes: Any
) -> bytes:
    """Return the bytes of a handshake; a change of None leaves a header out."""
    host = f"{client.base_url.host}:{client.base_url.port}"
    headers = {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        "Origin": str(client.base_url),
        "Authorization": f"Bearer {token(player)}",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    length: int | None = None,
) -> bytes:
    """Return a frame (RFC 6455, 5.2), valid or not."""
    size = len(payload) if length is None else length
    mark = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if size < 126:
        head += bytes([mark | size])
    elif size < 65536:
        head += bytes([mark | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mark | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    mask = b"\x01\x23\x45\x67"
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


def say(**message: object) -> bytes:
    return frame(TEXT, json.dumps(message).encode())


class Talk:
    """A raw connection after its handshake."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.reader = Reader(stream)
        self.pings = 0

    async def send(self, *frames: bytes) -> None:
        await self.stream.send_all(b"".join(frames))

    async def frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame; EOFError at the end.

        Live events are left out.
        """
        while True:
            opcode, payload = await self._frame()
            if opcode != TEXT or not payload.startswith(_LIVE):
                return opcode, payload

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self._exactly(2)
        assert first & 0xF0 == 0x80, "a server of ours never fragments, and knows no extension"
        assert second < 0x80, "a server does not mask"
        size = second
        if size == 126:
            [size] = struct.unpack("!H", await self._exactly(2))
        elif size == 127:
            [size] = struct.unpack("!Q", await self._exactly(8))
        return first & 0x0F, await self._exactly(size)

    async def _exactly(self, size: int) -> bytes:
        while len(self.reader.buffer) < size:
            await self.reader.more()
        found, self.reader.buffer = self.reader.buffer[:size], self.reader.buffer[size:]
        return found

    async def next(self) -> tuple[str, Any]:
        """Return kind and content of the next message."""
        while True:
            opcode, payload = await self.frame()
            if opcode != PING:
                break
            self.pings += 1
        assert opcode == TEXT, (opcode, payload)
        [(kind, value)] = json.loads(payload).items()
        return kind, value

    async def closed(self) -> int | None:
        """Return the code of the next close frame; None if it has no code."""
        opcode, payload = await self.frame()
        assert opcode == CLOSE, (opcode, payload)
        return struct.unpack("!H", payload[:2])[0] if payload else None

    async def ended(self) -> None:
        """Wait for the end of the connection."""
        try:
            while True:
                await self.reader.more()
        except (EOFError, trio.BrokenResourceError):
            return


@asynccontextmanager
async def talking(
    client: Client, *, behind: bytes = b"", receive: int | None = None, **changes: Any
) -> AsyncIterator[Talk]:
    """Yield a raw connection that was accepted."""
    async with connected(client, receive=receive) as stream:
        await stream.send_all(handshake(client, **changes) + behind)
        talk = Talk(stream)
        status, headers, _ = await talk.reader.answer()
        assert (status, headers["sec-websocket-accept"]) == (101, ACCEPT.lower())
        assert "sec-websocket-extensions" not in headers
        yield talk


@asynccontextmanager
async def opened(
    client: Client,
    query: str = "",
    *,
    player: str = "ada",
    hunt: str = "harbour",
    **headers: str,
) -> AsyncIterator[WebSocketConnection]:
    """Yield a socket of trio-websocket.

    Its own `open_websocket` does not close the connection where the server closes first.
    """
    base = client.base_url
    given = {"Origin": str(base), "Authorization": f"Bearer {token(player)}"} | headers
    async with connected(client) as stream, trio.open_nursery() as nursery:
        with trio.fail_after(10):
            socket = await wrap_client_stream(
                nursery,
                stream,
                f"{base.host}:{base.port}",
                f"/v1/hunts/{hunt}/socket{query}",
                extra_headers=[(name.encode(), value.encode()) for name, value in given.items()],
            )
        yield socket
        await socket.aclose()
        nursery.cancel_scope.cancel()


async def next_of(socket: WebSocketConnection) -> tuple[str, Any]:
    """Return kind and content of the next message that is no live event."""
    with trio.fail_after(10):
        while True:
            [(kind, value)] = json.loads(await socket.get_message()).items()
            if kind not in LIVE:
                return kind, value
