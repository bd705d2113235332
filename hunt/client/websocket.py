"""Rewards over a WebSocket."""

from __future__ import annotations

import json
import ssl
from urllib.parse import quote, urlsplit

import httpx
import trio
from trio_websocket import (
    CloseReason,
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)

from hunt.client import attempts
from hunt.client.attempts import PATIENCE, AttemptFailed, HuntEnded, WrongServer
from hunt.client.credential import Credential
from hunt.client.rewards import OnMessage
from hunt.errors import Denied, NotAllowed, NotAuthenticated

#: Seconds between two ping messages.  The library answers ping frames without telling the client.
PING_INTERVAL = 15.0

#: Seconds without a message, pongs included, after which a connection counts as dead.
SILENCE = 2.5 * PING_INTERVAL

#: Maximum size of a message, in bytes.
MAX_MESSAGE = 65_536

#: Close codes after which a reconnect cannot succeed -> the HTTP status of the same refusal.
#: 1003, 1007 and 1009 are the protocol's; the others are those of the errors.
DENIED = {1003: 400, 1007: 400, 1009: 413} | {
    kind.close_code: kind.status for kind in (NotAuthenticated, NotAllowed)
}

#: Why a connection ended.
End = AttemptFailed | HuntEnded | Denied


class WebSocketSource:
    """A `hunt.client.rewards.Source` over a WebSocket.

    Args:
        url: Address of the server, without a slash at its end.
        credential: Token of the player.
        hunt: Id of the hunt.
        context: TLS settings; None: the defaults of the system.
    """

    def __init__(
        self, url: str, credential: Credential, hunt: str, context: ssl.SSLContext | None
    ) -> None:
        self._at = urlsplit(url)
        self._path = f"{self._at.path}/v1/hunts/{hunt}/socket"
        self._context = context
        # The server requires an Origin in every handshake, from browsers or not.
        self._origin = f"{self._at.scheme}://{self._at.netloc}"
        self._credential = credential

    async def listen(self, after: str | None, on_message: OnMessage) -> None:
        """See `hunt.client.rewards.Source`."""
        headers = [
            (b"Authorization", (await self._credential.header()).encode()),
            (b"Origin", self._origin.encode()),
        ]
        try:
            stream = await self._connect()
        except (OSError, trio.BrokenResourceError, trio.TooSlowError) as exc:
            raise attempts.lost(f"{self._at.scheme}://{self._at.netloc}", exc) from exc
        query = "" if after is None else f"?last_event_id={quote(after)}"
        ended: End = AttemptFailed("the handshake was not answered")
        try:
            # trio-websocket reports a failed handshake by an error in the nursery.
            async with trio.open_nursery() as nursery:
                with trio.move_on_after(PATIENCE) as handshake:
                    socket = await wrap_client_stream(
                        nursery,
                        stream,
                        self._at.netloc,
                        self._path + query,
                        extra_headers=headers,
                        max_message_size=MAX_MESSAGE,
                    )
                if not handshake.cancelled_caught:
                    nursery.start_soon(_ping, socket)
                    ended = await _receive(socket, on_message)
                nursery.cancel_scope.cancel()
        except* ConnectionRejected as group:
            ended = _refusal(group)
        finally:
            await trio.aclose_forcefully(stream)  # trio-websocket does not always close it
        raise ended

    async def _connect(self) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
        """Return a connection to the server.

        Raises:
            OSError: The connect failed.
            trio.BrokenResourceError: The TLS handshake failed.
            trio.TooSlowError: Connecting took more than `PATIENCE` seconds.
        """
        secure = self._at.scheme == "https"
        host, port = self._at.hostname or "", self._at.port or (443 if secure else 80)
        with trio.fail_after(PATIENCE):
            if not secure:
                return await trio.open_tcp_stream(host, port)
            stream = await trio.open_ssl_over_tcp_stream(
                host, port, https_compatible=True, ssl_context=self._context
            )
            try:
                await stream.do_handshake()
            except BaseException:  # even if cancelled, because the stream has no other owner
                await trio.aclose_forcefully(stream)
                raise
            return stream


async def _ping(socket: WebSocketConnection) -> None:
    """Ping periodically, so that silence means a dead connection."""
    while True:
        await trio.sleep(PING_INTERVAL)
        try:
            await socket.send_message('{"ping":1}')
        except ConnectionClosed:
            return


async def _receive(socket: WebSocketConnection, on_message: OnMessage) -> End:
    """Pass on every message; return the reason of the end."""
    pause, greeted = 0.0, False
    while True:
        text = None
        with trio.move_on_after(SILENCE):
            try:
                text = await socket.get_message()
            except ConnectionClosed as closed:
                return _ending(closed.reason, pause, greeted=greeted)
        if text is None:
            return AttemptFailed(f"no message for {SILENCE:g} s")
        try:
            [(kind, what)] = json.loads(text).items()
        except (ValueError, AttributeError):
            return WrongServer("the messages are not those of a hunt server")
        if kind == "pong":
            continue
        greeted = greeted or kind == "hello"
        # A refusal with an id is that of a click, and says nothing about the connection.
        if kind == "drain" or (kind == "refused" and what.get("id") is None):
            pause = float(what.get("retry_after", 0))
        try:
            await on_message(kind, what)
        except WrongServer as mismatch:
            return mismatch


def _ending(reason: CloseReason | None, pause: float, *, greeted: bool) -> End:
    """Return the meaning of a close code."""
    if reason is None:
        return AttemptFailed("the connection has ended", pause=pause)
    said = reason.reason or reason.name
    if greeted and reason.code == NotAuthenticated.close_code:
        # The token was valid before: reconnect with a new one, if there is one.
        return AttemptFailed("the token has expired")
    if reason.code == 1000:
        return HuntEnded()
    if reason.code in DENIED:
        return Denied(DENIED[reason.code], said)
    return AttemptFailed(f"{reason.code} {said}", pause=pause)


def _refusal(group: BaseExceptionGroup[ConnectionRejected]) -> End:
    """Return the meaning of a refused handshake."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ConnectionRejected)
    headers = [each for each in error.headers or () if each[0].lower() == b"retry-after"]
    try:
        attempts.check(httpx.Response(error.status_code, headers=headers, content=error.body))
    except (AttemptFailed, Denied) as refusal:
        return refusal
    return Denied(error.status_code, "there is no WebSocket endpoint at this address")
