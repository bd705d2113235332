"""Delivers live events to the streams of a hunt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import trio

from hunt.core import sse
from hunt.core.live import LiveEvent, Told
from hunt.service.hub import SLICE, Hub
from hunt.service.subscriber import Frame, Subscriber

#: Minimum number of seconds between two events with one key.
INTERVAL = 1.0


class Broadcast:
    """Sends live events to all streams of a hunt, the latest of each key at most once a second.

    An event is encoded once.  Each stream keeps the latest event of a key until its client can
    take it, so a slow client neither delays others nor ends.

    Args:
        hub: Has the streams.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: dict[tuple[str, str], LiveEvent] = {}  # hunt and key -> latest event
        self._told = trio.Event()

    def tell_all(self, hunt: str, events: Iterable[LiveEvent]) -> None:
        """Send events to all streams of a hunt soon; cannot block."""
        if self._hub.wanted(hunt):
            for event in events:
                self._waiting[hunt, event.key] = event
                self._told.set()

    def tell(self, told: Told) -> None:
        """Send an event of a transaction; to a single player at once.  Cannot block."""
        if told.player is None:
            self.tell_all(told.hunt, [told.event])
            return
        streams = self._hub.streams_of(told.hunt, told.player)
        if streams:
            frame = encoded(told.event)
            for subscriber in streams:
                subscriber.offer(frame)

    async def run(self) -> None:
        """Send events until cancelled."""
        while True:
            await self._told.wait()
            self._told = trio.Event()
            waiting, self._waiting = self._waiting, {}
            for (hunt, _), event in waiting.items():
                hub = self._hub
                streams = hub.watchers(hunt) if event.watchers else hub.streams(hunt)
                await self._send(streams, encoded(event))
            await trio.sleep(INTERVAL)

    async def _send(self, streams: Sequence[Subscriber], frame: Frame) -> None:
        for start in range(0, len(streams), SLICE):
            for subscriber in streams[start : start + SLICE]:
                if self._hub.is_open(subscriber):  # it may have ended meanwhile
                    subscriber.offer(frame)
            await trio.lowlevel.checkpoint()


def encoded(event: LiveEvent) -> Frame:
    """Return the frame of an event."""
    block = sse.frame(event=event.kind, data=event.data)
    return Frame(event.kind, 0, block, trio.current_time(), event.key)
