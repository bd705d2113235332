"""Clients of event streams, and a poller that they share with clicking connections."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from time import monotonic
from typing import Self

from hunt.bench.click_clients import ClickConnection
from hunt.bench.event_blocks import BlockSplitter
from hunt.bench.poller import Poller
from hunt.bench.responses import ResponseParser
from hunt.bench.target import TIMEOUT, Target
from hunt.errors import HuntError
from hunt.plurals import plural


class StreamClient:
    """A player's event stream."""

    __slots__ = ("_events", "_head", "greeted", "number", "sock")

    def __init__(self, number: int, sock: socket.socket) -> None:
        self.number = number  #: index of its player
        self.sock = sock
        self.greeted = False
        self._head = b""
        self._events: BlockSplitter | None = None

    def read(self) -> bytes | None:
        """Return the complete blocks that have arrived, as one text; None at the end.

        Raises:
            ValueError: The response is not an event stream.
        """
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        if not data:
            return None
        if self._events is None:
            self._head += data
            found = ResponseParser().head(self._head)
            if found is None:
                return b""
            head, at = found
            if head.status != 200:
                raise ValueError(f"a stream was answered with {head.status}")
            self._events, data, self._head = (
                BlockSplitter(chunked=head.chunked),
                self._head[at:],
                b"",
            )
        text = self._events.text(data)
        if not self.greeted and b"event: hello\n" in text:
            self.greeted = True
        return text


class CombinedPoller(Poller[ClickConnection | StreamClient]):
    """A poller of clicking connections that also reads event streams.

    Args:
        heard: Called with a stream and the complete blocks that arrived; with None at its
            end.
    """

    def __init__(self, heard: Callable[[StreamClient, bytes | None], None]) -> None:
        super().__init__()
        self._heard = heard

    def wait(self, seconds: float) -> list[ClickConnection | StreamClient]:
        """Return the readable clicking connections; wait at most `seconds`."""
        clicks: list[ClickConnection | StreamClient] = []
        for each in super().wait(seconds):
            if isinstance(each, StreamClient):
                self.hear(each)
            else:
                clicks.append(each)
        return clicks

    def hear(self, listener: StreamClient) -> None:
        """Read a readable stream."""
        text = listener.read()
        if text is None:
            self.remove(listener)
        self._heard(listener, text)


class OpenStreams:
    """Event streams that are open for the block.

    Args:
        target: Server and hunt.
        tokens: One for each stream.
        poller: Poller that watches the streams.
        everybody: Subscribe to the wins of all players instead of the player's rewards.
    """

    def __init__(
        self,
        target: Target,
        tokens: Iterable[str],
        poller: CombinedPoller,
        *,
        everybody: bool = False,
    ) -> None:
        self.open: list[StreamClient] = []
        self._target = target
        self._tokens = list(tokens)
        self._poller = poller
        self._everybody = everybody
        self._sockets = ExitStack()

    def __enter__(self) -> Self:
        """Open all streams, and wait for the ``hello`` of each.

        Raises:
            HuntError: A stream was refused, or got no ``hello``.
        """
        try:
            for number, token in enumerate(self._tokens):
                sock = self._sockets.enter_context(self._target.connect(number))
                sock.send(self._target.stream_request(token, everybody=self._everybody))
                listener = StreamClient(number, sock)
                self.open.append(listener)
                self._poller.add(listener)
            self._greet()
        except BaseException:
            self._sockets.close()
            raise
        return self

    def _greet(self) -> None:
        last = monotonic() + TIMEOUT
        silent = len(self.open)
        while silent:
            try:
                self._poller.wait(0.5)
            except ValueError as exc:
                raise HuntError(
                    f"{exc}, of {len(self.open)} opened: see HUNT_MAX_CONNECTIONS, "
                    "HUNT_MAX_CONNECTIONS_PER_ADDRESS and HUNT_MAX_STREAMS_PER_PLAYER"
                ) from exc
            silent = sum(not listener.greeted for listener in self.open)
            if silent and monotonic() > last:
                raise HuntError(f"{silent} of {plural(len(self.open), 'stream')} got no hello")

    def __exit__(self, *exc_info: object) -> None:
        """Close all streams."""
        self._sockets.close()
