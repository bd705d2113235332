"""A gate for tasks: they pass while it is open, and a close cancels those that are passing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio


class Gate:
    """A gate, open at first."""

    def __init__(self) -> None:
        self._opened = trio.Event()
        self._opened.set()
        self._passing: set[trio.CancelScope] = set()

    @property
    def is_open(self) -> bool:
        """Whether tasks may pass."""
        return self._opened.is_set()

    def open(self) -> None:
        """Let tasks pass."""
        self._opened.set()

    def close(self) -> None:
        """Stop tasks in front of the gate, and cancel those that are passing."""
        if self._opened.is_set():
            self._opened = trio.Event()
            for scope in self._passing:
                scope.cancel()

    async def wait_open(self) -> None:
        """Return once tasks may pass."""
        await self._opened.wait()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Run the block until the gate closes, which cancels it."""
        with trio.CancelScope() as scope:
            self._passing.add(scope)
            try:
                yield
            finally:
                self._passing.remove(scope)
