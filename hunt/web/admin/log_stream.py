"""The event stream of a hunt's log for backends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

import trio

from hunt.core import sse
from hunt.core.log_event import EventFilter, LogEvent, event_json
from hunt.core.tokens import Identity
from hunt.errors import Overloaded
from hunt.play.reconnect import Reconnect
from hunt.service.log_news import LogNews
from hunt.web.endless_body import EndlessBody

#: Events of one chunk.
PAGE = 200

#: Streams of one process.
MOST = 16

#: Seconds to wait for more rows after the first new one.
GATHER = 0.05

#: Seconds between two checks of the token.
CHECK = 1.0


class ReadPage(Protocol):
    """Reads events of a log; see `hunt.store.log_events.LogEvents.page`."""

    def __call__(
        self, hunt: str, wanted: EventFilter, *, after: int, limit: int
    ) -> Awaitable[tuple[list[LogEvent], int, bool]]:
        """Return events, the seq that was reached, and whether more may follow."""


@dataclass(slots=True, kw_only=True)
class LogStreams:
    """The services of the log streams of one process, and the number of open ones."""

    page: ReadPage
    news: LogNews
    reconnect: Reconnect
    heartbeat: float  #: seconds of silence after which a heartbeat is sent
    valid: Callable[[Identity], bool]  #: returns whether a token is still valid
    count: int = field(default=0, init=False)


class LogStream(EndlessBody):
    """Response body that streams the events of a log, as fast as the client takes them.

    It holds one page of events at most.

    Args:
        streams: Services of the log streams.
        identity: The operator; the stream ends when their token expires.
        hunt: Id of the hunt.
        wanted: Filter for the rows that are events.
        after: The stream begins after this seq.
        greeting: Sent first.
    """

    def __init__(
        self,
        streams: LogStreams,
        *,
        identity: Identity,
        hunt: str,
        wanted: EventFilter,
        after: int,
        greeting: bytes,
    ) -> None:
        self._streams = streams
        self._identity = identity
        self._hunt = hunt
        self._wanted = wanted
        self._after = after
        self._greeting = greeting
        self._grown: trio.Event | None = None  # set once the log has rows after `_after`
        self._ended = False

    async def __aenter__(self) -> Self:
        """Count as a stream."""
        self._streams.count += 1
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Count no longer."""
        self._streams.count -= 1

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk, of complete events.

        Raises:
            StoreError: The log cannot be read; the client reconnects.
        """
        if self._greeting:
            greeting, self._greeting = self._greeting, b""
            return greeting
        if self._ended:
            raise StopAsyncIteration
        silent_since = trio.current_time()
        while True:
            if self._streams.news.ended:
                self._ended = True
                return sse.drain(self._streams.reconnect.ms())
            if not self._streams.valid(self._identity):
                self._ended = True
                return sse.pause(sse.RETRY_MS)
            if self._grown is not None and not await self._wait(self._grown):
                if trio.current_time() - silent_since >= self._streams.heartbeat:
                    return sse.HEARTBEAT
                continue
            if chunk := await self._read():
                return chunk

    async def _wait(self, grown: trio.Event) -> bool:
        """Wait until the log has grown, the stream must end, or it is time for a check."""
        with trio.move_on_after(min(CHECK, self._streams.heartbeat)):
            await grown.wait()
        if grown.is_set() and not self._streams.news.ended:
            await trio.sleep(GATHER)
            return True
        return False

    async def _read(self) -> bytes:
        """Return the next page as events; empty if the rows read are none."""
        grown = self._streams.news.next(self._hunt)
        events, self._after, more = await self._streams.page(
            self._hunt, self._wanted, after=self._after, limit=PAGE
        )
        self._grown = None if more else grown
        return b"".join(
            sse.frame(event=each.type, id=each.event_id, data=event_json(self._hunt, each))
            for each in events
        )


def check_room(streams: LogStreams) -> None:
    """Raise `Overloaded` if this process serves `MOST` log streams."""
    if streams.count >= MOST:
        raise Overloaded(f"this process serves {MOST} event streams of logs", retry_after=5)
