"""HTTP/1.1 requests as bytes, and a reader of their responses."""

from __future__ import annotations

import json
import uuid

import trio

from hunt.core.sse import Event, Parser
from tests.support.serving import LIVE, token


def click(player: str = "ada", *, head: str = "", **fields: object) -> bytes:
    return click_with(token(player), head=head, body=body_of_click(**fields))


def body_of_click(**fields: object) -> str:
    return json.dumps({"id": str(uuid.uuid4()), "x": 1, "y": 2} | fields)


def click_with(token: str, *, body: str, head: str = "") -> bytes:
    return (
        f"POST /v1/hunts/harbour/clicks HTTP/1.1\r\nHost: hunt\r\n{head}"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def subscribe(player: str = "ada", *, head: str = "", query: str = "") -> bytes:
    return (
        f"GET /v1/hunts/harbour/events{query} HTTP/1.1\r\nHost: hunt\r\n{head}"
        f"Authorization: Bearer {token(player)}\r\n\r\n"
    ).encode()


class Reader:
    """Splits the received bytes into answers, and into chunks of a stream."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.buffer = b""

    async def more(self) -> None:
        with trio.fail_after(10):
            data = await self.stream.receive_some(65536)
        if not data:
            raise EOFError
        self.buffer += data

    async def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            await self.more()
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        first, *lines = (await self.until(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            await self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(first.split()[1]), headers, body

    async def chunk(self) -> bytes:
        size = int(await self.until(b"\r\n"), 16)
        while len(self.buffer) < size + 2:
            await self.more()
        chunk, end, self.buffer = (
            self.buffer[:size],
            self.buffer[size : size + 2],
            self.buffer[size + 2 :],
        )
        assert end == b"\r\n"
        return chunk

    async def events(self, count: int) -> list[Event]:
        """Return the events of the next chunks, at least `count`, without live events.

        On a slow machine a live event may come before each other event.
        """
        parser, events = Parser(), list[Event]()
        while len(events) < count:
            found = parser.feed(await self.chunk())
            events += [each for each in found if each.event not in LIVE]
        return events


LIVEZ = b"GET /livez HTTP/1.1\r\nHost: hunt\r\n\r\n"


async def wait_closed(stream: trio.abc.Stream) -> None:
    with trio.fail_after(5):
        while await stream.receive_some(65536):
            pass


#: A transport: whether it has the fast lane, and whether it is over TLS.
WAYS = {
    "fast lane": (True, False),
    "fast lane over TLS": (True, True),
    "Quart": (False, False),
    "Quart over TLS": (False, True),
}


async def at_its_end(reader: Reader) -> bytes:
    """Return the remaining bytes, up to the end of the connection."""
    try:
        while True:
            await reader.more()
    except (EOFError, trio.BrokenResourceError):
        return reader.buffer
