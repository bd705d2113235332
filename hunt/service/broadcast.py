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

#: Kinds of events whose values change as long as players click.  They may arrive later than others.
ROUTINE = frozenset({"stock", "leaders", "head"})

#: Pause after each slice of a routine event, as a multiple of the time that the slice took.
#: Without it, the stock of a hunt with thousands of streams would delay clicks every two seconds.
REST = 15


class Broadcast:
    """Sends live events to all streams of a hunt, the latest of each key at most once a second.

    An event is encoded once.  Each stream keeps the latest event of a key until its client can
    take it, so a slow client neither delays others nor ends.  Events of `ROUTINE` kinds use at
    most a sixteenth of the process's time, and do not delay the other ones.

    Args:
        hub: Has the streams.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._urgent, self._routine = _Waiting(), _Waiting()

    def tell_all(self, hunt: str, events: Iterable[LiveEvent]) -> None:
        """Send events to all streams of a hunt soon; cannot block."""
        if self._hub.wanted(hunt):
            for event in events:
                (self._routine if event.kind in ROUTINE else self._urgent).put(hunt, event)

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
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._run, self._urgent, 0)
            nursery.start_soon(self._run, self._routine, REST)

    async def _run(self, waiting: _Waiting, rest: float) -> None:
        while True:
            for (hunt, _), event in (await waiting.take()).items():
                hub = self._hub
                streams = hub.watchers(hunt) if event.watchers else hub.streams(hunt)
                await self._send(streams, encoded(event), rest)
            await trio.sleep(INTERVAL)

    async def _send(self, streams: Sequence[Subscriber], frame: Frame, rest: float) -> None:
        for start in range(0, len(streams), SLICE):
            began = trio.current_time()
            for subscriber in streams[start : start + SLICE]:
                if self._hub.is_open(subscriber):  # it may have ended meanwhile
                    subscriber.offer(frame)
            await trio.sleep(rest * (trio.current_time() - began))


class _Waiting:
    """Events that wait to be sent, the latest of each hunt and key."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], LiveEvent] = {}
        self._told = trio.Event()

    def put(self, hunt: str, event: LiveEvent) -> None:
        self._events[hunt, event.key] = event
        self._told.set()

    async def take(self) -> dict[tuple[str, str], LiveEvent]:
        """Return all events, as soon as there is one."""
        await self._told.wait()
        self._told = trio.Event()
        events, self._events = self._events, {}
        return events


def encoded(event: LiveEvent) -> Frame:
    """Return the frame of an event."""
    block = sse.frame(event=event.kind, data=event.data)
    return Frame(event.kind, 0, block, trio.current_time(), event.key)
