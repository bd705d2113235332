"""Heartbeats of parked streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import trio

from hunt.service.hub import SLICE

#: Ticks of one heartbeat interval.  A heartbeat follows a silence of 7/8 to 8/8 of the interval.
TICKS = 8

#: Ticks of silence after which a heartbeat is due.
SILENCE = TICKS - 1


class Streaming(Protocol):
    """A parked stream.  None of its methods may block."""

    fd: int

    def heartbeat(self) -> int:
        """Send a heartbeat if one is due.

        Returns:
            The tick of the next call: 1 to `SILENCE` after the current one.
        """


S = TypeVar("S", bound=Streaming)


class Heartbeats(Generic[S]):
    """Visits each stream only when a heartbeat may be due: a silent one once for each heartbeat.

    Args:
        interval: Seconds of silence, > 0, after which a heartbeat is sent.
        fail: Called with a stream and its exception.
    """

    def __init__(self, interval: float, fail: Callable[[S, Exception], None]) -> None:
        self.tick = 0  #: ticks since the start
        self._interval = interval
        self._fail = fail
        # The streams to visit at a tick, modulo the number of lists.
        self._due: list[list[S]] = [[] for _ in range(TICKS)]

    def add(self, stream: S) -> None:
        """Visit a stream, to which something is written now, until its `fd` is negative."""
        self._due[(self.tick + SILENCE) % TICKS].append(stream)

    async def run(self) -> None:
        """Visit the streams until cancelled."""
        while True:
            await trio.sleep(self._interval / TICKS)
            self.tick += 1
            now = self.tick % TICKS
            streams, self._due[now] = self._due[now], []
            for start in range(0, len(streams), SLICE):
                self._visit(streams[start : start + SLICE])
                await trio.lowlevel.checkpoint()

    def _visit(self, streams: list[S]) -> None:
        due = self._due
        for each in streams:
            if each.fd < 0:
                continue  # it has ended
            try:
                due[each.heartbeat() % TICKS].append(each)
            except Exception as exc:
                self._fail(each, exc)
