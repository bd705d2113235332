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
from hunt.client.rewards import Hear
from hunt.errors import Denied

#: Seconds between two pings.  The protocol's own are answered below us, unseen.
PING_INTERVAL = 15.0

#: Seconds without a message, pongs too, after which a connection counts as dead.
SILENCE = 2.5 * PING_INTERVAL

#: Bytes of a message, at most.
MAX_MESSAGE = 65_536

#: Codes of a close after which it is useless to come back, and the status of HTTP
#: that says the same.
DENIED = {1003: 400, 1007: 400, 1009: 413, 4401: 401, 4403: 403}

#: The code of a close where the token is not valid, or not any more.
EXPIRED = 4401


class WebSocketSource:
    """A `hunt.client.rewards.Source`.

    Args:
        url: Of the server, without a slash at its end.
        credential: Of the player.
        hunt: Its id.
        context: How TLS is spoken; None is the system's way.
    """

    def __init__(
        self, url: str, credential: Credential, hunt: str, context: ssl.SSLContext | None
    ) -> None:
        self._at = urlsplit(url)
        self._path = f"{self._at.path}/v1/hunts/{hunt}/socket"
        self._context = context
        # Every handshake has to say its origin, also one from outside of browsers.
        self._origin = f"{self._at.scheme}://{self._at.netloc}"
        self._credential = credential

    async def listen(self, after: str | None, hear: Hear) -> None:
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
        ended: AttemptFailed | HuntEnded | Denied = AttemptFailed("the handshake was not answered")
        try:
            # trio-websocket tells of a handshake that failed by an error in the nursery.
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
                    ended = await _hear(socket, hear)
                nursery.cancel_scope.cancel()
        except* ConnectionRejected as group:
            ended = _refusal(group)
        finally:
            await trio.aclose_forcefully(stream)  # trio-websocket leaves it open at times
        raise ended

    async def _connect(self) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
        """Return a connection to the server.

        Raises:
            OSError: There is none.
            trio.BrokenResourceError: TLS cannot be agreed on.
            trio.TooSlowError: It took more than `PATIENCE` seconds.
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
            except BaseException:  # also cancelled: nobody else would close it
                await trio.aclose_forcefully(stream)
                raise
            return stream


async def _ping(socket: WebSocketConnection) -> None:
    """Have the server say something, so that silence means death."""
    while True:
        await trio.sleep(PING_INTERVAL)
        try:
            await socket.send_message('{"ping":1}')
        except ConnectionClosed:
            return


async def _hear(socket: WebSocketConnection, hear: Hear) -> AttemptFailed | HuntEnded | Denied:
    """Pass on what is said; return how it ended."""
    pause, greeted = 0.0, False
    while True:
        text = None
        with trio.move_on_after(SILENCE):
            try:
                text = await socket.get_message()
            except ConnectionClosed as closed:
                if greeted and closed.reason is not None and closed.reason.code == EXPIRED:
                    # It was valid: the next attempt shows whether there is a new one.
                    return AttemptFailed("the token has expired")
                return _ending(closed.reason, pause)
        if text is None:
            return AttemptFailed(f"nothing was heard for {SILENCE:g} s")
        try:
            [(kind, what)] = json.loads(text).items()
        except (ValueError, AttributeError):
            return WrongServer("these are not the messages of a server of hunt")
        if kind == "pong":
            continue
        greeted = greeted or kind == "hello"
        if kind in {"drain", "refused"}:
            pause = float(what.get("retry_after", 0))
        try:
            await hear(kind, what)
        except WrongServer as mismatch:
            return mismatch


def _ending(reason: CloseReason | None, pause: float) -> AttemptFailed | HuntEnded | Denied:
    """Return what the code of a close means."""
    if reason is None:
        return AttemptFailed("the connection has ended", pause=pause)
    said = reason.reason or reason.name
    if reason.code == 1000:
        return HuntEnded()
    if reason.code in DENIED:
        return Denied(DENIED[reason.code], said)
    return AttemptFailed(f"{reason.code} {said}", pause=pause)


def _refusal(group: BaseExceptionGroup[ConnectionRejected]) -> AttemptFailed | Denied:
    """Return what a handshake that was refused means."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ConnectionRejected)
    headers = [each for each in error.headers or () if each[0].lower() == b"retry-after"]
    try:
        attempts.check(httpx.Response(error.status_code, headers=headers, content=error.body))
    except (AttemptFailed, Denied) as refusal:
        return refusal
    return Denied(error.status_code, "this is no place of sockets")
