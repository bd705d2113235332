"""The events of a hunt's log in order, across reconnects, for backends."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self

import httpx
import msgspec
import trio

from hunt.client import attempts
from hunt.client.attempts import PATIENCE, AttemptFailed, ServerAbsent, WrongServer
from hunt.client.sse import SILENCE, check_stream, silence_of
from hunt.core.sse import RETRY_MS, Parser
from hunt.errors import Unreachable

#: Names of the events of a log; others are passed to ``notice``.
TYPES = frozenset({"reward.granted", "click.settled"})


class LogRow(msgspec.Struct, frozen=True):
    """A row of the log, with its player and position."""

    hunt: str
    seq: int  #: 1, 2, 3 ... within the hunt
    id: str  #: of the click
    player: str
    prize: str | None  #: None if nothing was won
    points: int
    at: str  #: time of settlement; RFC 3339, UTC
    x: float | None  #: place of the click in map units, or None if it was erased
    y: float | None


class BackendEvent(msgspec.Struct, frozen=True):
    """An event, as the body of a webhook has it."""

    type: str  #: ``reward.granted``, or ``click.settled``
    timestamp: str  #: RFC 3339, UTC
    data: LogRow
    id: str = ""  #: the same as the header ``webhook-id``


class BackendEvents:
    """Events by ascending seq, each once; created by `hunt.client.Client.events`.

    Args:
        http: HTTP client with the address of the server and the token.
        path: Path of the stream.
        query: Its query.
        after: Event id to resume after; None: begin as `query` says.
        notice: Called with every message that is not an event.
        wait: Also retry if the server is absent at first.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        path: str,
        query: Mapping[str, str | int],
        after: str | None,
        notice: Callable[[str, dict[str, Any]], None],
        *,
        wait: bool,
    ) -> None:
        self.position = after  #: event id of the last event taken, or None
        self._received = after  # event id of the last event received
        self._http = http
        self._path = path
        self._query = dict(query)
        self._notice = notice
        self._wait = wait
        self._events: deque[BackendEvent] = deque()
        self._pauses = attempts.backoff()
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._parser = Parser()
        self._retry, self._silence = RETRY_MS, SILENCE

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BackendEvent:
        """Return the next event; a cancelled call loses none.

        Raises:
            Denied: The server refuses; no reconnect can succeed.
            Unreachable: No hunt server is at the address.
        """
        while not self._events:
            try:
                await self._receive()
            except AttemptFailed as lost:
                await self.aclose()
                if isinstance(lost, WrongServer) or (
                    isinstance(lost, ServerAbsent) and not self._wait
                ):
                    raise Unreachable(str(lost)) from lost
                pause = lost.pause + self._pauses.next()
                self._notice("lost", {"reason": str(lost), "retry_after": round(pause, 3)})
                await trio.sleep(pause)
            except BaseException:
                # The rest of a block may be lost: connect anew, after the last whole event.
                with trio.CancelScope(shield=True):
                    await self.aclose()
                raise
        event = self._events.popleft()
        self.position = event.id
        return event

    async def aclose(self) -> None:
        """Close the connection."""
        response, self._response, self._chunks = self._response, None, None
        if response is not None:
            with trio.move_on_after(PATIENCE):
                await response.aclose()

    async def _receive(self) -> None:
        """Receive at least one chunk; connect first if there is no connection."""
        try:
            with trio.fail_after(self._silence):
                if self._chunks is None:
                    self._chunks = await self._connect()
                chunk = await anext(self._chunks, None)
            if chunk is None:
                raise AttemptFailed("the stream has ended", pause=self._retry / 1000)
            for event in self._parser.feed(chunk):
                self._retry = self._retry if event.retry is None else event.retry
                self._take(event.event, event.id, event.data)
        except (httpx.TransportError, httpx.StreamError, trio.TooSlowError) as exc:
            lost = attempts.lost(str(self._http.base_url).rstrip("/"), exc)
            lost.pause = self._retry / 1000
            raise lost from exc
        except (ValueError, msgspec.ValidationError, KeyError, TypeError):
            raise WrongServer("the messages are not those of a hunt server") from None

    async def _connect(self) -> AsyncIterator[bytes]:
        headers = {} if self._received is None else {"Last-Event-ID": self._received}
        timeout = httpx.Timeout(PATIENCE, read=None)
        request = self._http.build_request(
            "GET", self._path, params=self._query, headers=headers, timeout=timeout
        )
        self._parser = Parser()
        self._response = await self._http.send(request, stream=True)
        await check_stream(self._response)
        return self._response.aiter_raw()

    def _take(self, kind: str, id_: str | None, data: str) -> None:
        if kind in TYPES and id_ is not None:
            event = msgspec.json.decode(data, type=BackendEvent)
            self._events.append(msgspec.structs.replace(event, id=id_))
            self._received = id_
            return
        if not kind:
            return
        what = msgspec.json.decode(data, type=dict[str, Any])
        if kind == "hello":
            self._wait = True
            self._pauses.reset()
            self._silence = silence_of(what)
            # Without an event so far, a reconnect begins where this connection began.
            self._query["after"] = what["seq"]
        self._notice(kind, what)
