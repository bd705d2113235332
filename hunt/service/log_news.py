"""Tells readers of a log that it has grown."""

from __future__ import annotations

import trio


class LogNews:
    """Wakes the tasks that wait for new rows of a log; a log without readers costs one look-up."""

    def __init__(self) -> None:
        self._waiting: dict[str, trio.Event] = {}
        self.ended = False  #: the process is stopping

    def advanced(self, hunt: str) -> None:
        """Wake the readers of a hunt's log; cannot block."""
        event = self._waiting.pop(hunt, None)
        if event is not None:
            event.set()

    def next(self, hunt: str) -> trio.Event:
        """Return an event that is set once the log grows; get it before the log is read."""
        event = self._waiting.setdefault(hunt, trio.Event())
        if self.ended:
            event.set()
        return event

    def end(self) -> None:
        """Wake all readers, because the process is stopping; cannot block."""
        self.ended = True
        for event in self._waiting.values():
            event.set()
