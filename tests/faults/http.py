"""A minimal HTTP client on Trio that exposes every byte and every failure."""

from __future__ import annotations

import select
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httptools
import trio


@dataclass
class Response:
    """The part of a response that was parsed so far."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False
    stays: bool = False  #: the connection is good for another request


class _Seen:
    """Callbacks of httptools."""

    def __init__(self) -> None:
        self.response = Response()
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.response.headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        self.response.status = self.parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        self.response.body += data

    def on_message_complete(self) -> None:
        self.response.whole = True
        self.response.stays = self.parser.should_keep_alive()  # the parser does not know it later


class Broken(Exception):
    """The connection ended within a response, or the response was not HTTP."""


#: Ports whose servers use TLS, each with the context of its clients.
TLS: dict[int, ssl.SSLContext] = {}


class Channel:
    """One keep-alive connection; made when it is needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] | None = None

    @property
    def connected(self) -> bool:
        """Whether the next request goes out on a connection that was used before."""
        return self._stream is not None

    async def connect(self) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
        """Return the connection."""
        if self._stream is not None and _over(self._stream):
            self.close()  # while it was idle, so nothing is lost
        if self._stream is None:
            try:
                stream = await trio.open_tcp_stream("127.0.0.1", self.port)
            except OSError as exc:
                raise Broken("no connection") from exc
            self._stream = stream
            if self.port in TLS:
                self._stream = trio.SSLStream(stream, TLS[self.port], server_hostname="127.0.0.1")
        return self._stream

    def close(self) -> None:
        """Close the connection; a task that waits on it gets an error."""
        if self._stream is not None:
            socket = _socket(self._stream)
            trio.lowlevel.notify_closing(socket)
            socket.close()
            self._stream = None

    async def request(self, data: bytes) -> Response:
        """Send a request, and return the whole response.

        Raises:
            Broken: The connection failed; the request may have been served.
        """
        done = False
        try:
            stream = await self.connect()
            await stream.send_all(data)
            seen = _Seen()
            while not seen.response.whole:
                piece = await stream.receive_some(65536)
                if not piece:
                    raise Broken("closed without an answer")
                seen.parser.feed_data(bytes(piece))
            done = seen.response.stays
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise Broken(str(exc) or type(exc).__name__) from exc
        except httptools.HttpParserError as exc:
            raise Broken(f"no HTTP: {exc}") from exc
        else:
            return seen.response
        finally:
            if not done:  # even if cancelled, because the next answer would be the wrong one
                self.close()

    async def body(self, data: bytes) -> AsyncIterator[bytes]:
        """Send a request; yield the body piece by piece, the first only after a status of 200.

        Raises:
            Broken: It ended in the middle.
            ValueError: Another status.
        """
        try:
            stream = await self.connect()
            await stream.send_all(data)
            seen = _Seen()
            while not seen.response.whole:
                piece = await stream.receive_some(65536)
                if not piece:
                    raise Broken("closed in the middle")
                seen.parser.feed_data(bytes(piece))
                if seen.response.status not in {0, 200}:
                    raise ValueError(f"a stream was answered with {seen.response.status}")
                got, seen.response.body = bytes(seen.response.body), bytearray()
                if got:
                    yield got
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise Broken(str(exc) or type(exc).__name__) from exc
        except httptools.HttpParserError as exc:
            raise Broken(f"no HTTP: {exc}") from exc


def _socket(
    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream],
) -> trio.socket.SocketType:
    inner = stream if isinstance(stream, trio.SocketStream) else stream.transport_stream
    return inner.socket


def _over(stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]) -> bool:
    """Whether an idle connection has been closed by the other end."""
    poll = select.poll()
    poll.register(_socket(stream).fileno(), select.POLLIN)
    return bool(poll.poll(0))


def click_request(token: str, hunt: str, body: bytes) -> bytes:
    """Return the request of a click."""
    return (
        b"POST /v1/hunts/%b/clicks HTTP/1.1\r\nHost: hunt\r\nAuthorization: Bearer %b\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (hunt.encode(), token.encode(), len(body), body)
    )


def stream_request(token: str, hunt: str, last_event_id: str | None, *, query: str = "") -> bytes:
    """Return the request of a stream."""
    resume = b"" if last_event_id is None else b"Last-Event-ID: %b\r\n" % last_event_id.encode()
    return (
        b"GET /v1/hunts/%b/events%b HTTP/1.1\r\nHost: hunt\r\nAuthorization: Bearer %b\r\n"
        b"Accept: text/event-stream\r\n%b\r\n"
        % (hunt.encode(), query.encode(), token.encode(), resume)
    )


def get_request(path: str, token: str) -> bytes:
    """Return a GET request that is not for a stream."""
    return b"GET %b HTTP/1.1\r\nHost: hunt\r\nAuthorization: Bearer %b\r\n\r\n" % (
        path.encode(),
        token.encode(),
    )
