"""Connections of players: clicks with keep-alive, and event streams."""

from __future__ import annotations

from collections.abc import Callable

import trio

from hunt.bench.event_blocks import BlockSplitter
from hunt.bench.responses import ResponseParser
from hunt.bench.target import Target
from hunt.core import sse

#: Seconds to wait for an answer.
PATIENCE = 10.0


class BrokenLink(Exception):
    """The connection ended, or the server did not answer in time."""


class ClickLink:
    """A keep-alive connection; it connects again after a failure.

    Args:
        target: Server and hunt.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stream: trio.SocketStream | None = None
        self._parser = ResponseParser()

    async def click(self, token: str, body: bytes) -> tuple[int, bytes]:
        """Send a click; return status and body of the answer.

        Raises:
            BrokenLink: There is no answer, so the outcome is unknown.
        """
        request = self._target.click_head(token, len(body)) + body
        try:
            with trio.fail_after(PATIENCE):
                return await self._ask(request)
        except (OSError, ValueError, trio.BrokenResourceError, trio.TooSlowError) as exc:
            self.close()
            raise BrokenLink(str(exc) or "no answer in time") from exc

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._stream is None:
            self._stream = await trio.open_tcp_stream(self._target.host, self._target.port)
        await self._stream.send_all(request)
        data = b""
        while (found := self._parser.parse(data) if data else None) is None:
            more = await self._stream.receive_some(65536)
            if not more:
                raise trio.BrokenResourceError("the connection ended")
            data += more
        head, start, end = found
        if head.closes:
            self.close()
        return head.status, data[start:end]

    def close(self) -> None:
        """Close the connection at once."""
        if self._stream is not None:
            self._stream.socket.close()
            self._stream = None


async def follow(
    target: Target, token: str, last: str | None, take: Callable[[sse.Event], None]
) -> None:
    """Follow a player's stream until it ends.

    Args:
        target: Server and hunt.
        token: Token of the player.
        last: Event id to resume after; None: from now on.
        take: Called with each event.

    Raises:
        BrokenLink: The connection failed, or the server answered with another status than 200.
    """
    blocks: BlockSplitter | None = None
    parser, head = sse.Parser(), b""
    try:
        async with await trio.open_tcp_stream(target.host, target.port) as stream:
            await stream.send_all(target.stream_request(token, last=last))
            async for data in stream:
                body = bytes(data)
                if blocks is None:
                    head += body
                    found = ResponseParser().head(head)
                    if found is None:
                        continue
                    if found[0].status != 200:
                        raise BrokenLink(f"status {found[0].status}")
                    blocks, body = BlockSplitter(chunked=found[0].chunked), head[found[1] :]
                for event in parser.feed(blocks.text(body)):
                    take(event)
    except (OSError, ValueError, trio.BrokenResourceError) as exc:
        raise BrokenLink(str(exc)) from exc
