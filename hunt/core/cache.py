"""A cache bounded by bytes and by age."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """A cache that holds at most `limit` bytes, and drops entries that are not used.

    Entries live in two generations.  A hit in the older one moves the entry to the
    younger one.  `rotate` drops the older generation and makes the younger one the older;
    it happens by itself when the younger one holds half of the limit.  So the memory
    of an entry is free again after two calls of `rotate` without a hit.

    Args:
        limit: Bytes of all entries, at most; an entry over a quarter of that is not kept.
        size: Returns the bytes of an entry with its key; an estimate is enough.
    """

    def __init__(self, limit: int, size: Callable[[K, V], int]) -> None:
        self._half = limit // 2
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._bytes = 0  # of the younger generation

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """Return the value of a key; None where it is not known."""
        value = self._young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value, which must not be None; a key that is known gets the new value."""
        before = self._young.pop(key, None)
        if before is not None:
            self._bytes -= self._size(key, before)
        self._old.pop(key, None)
        size = self._size(key, value)
        if size > self._half // 2:
            return
        if self._bytes + size > self._half:
            self.rotate()
        self._young[key] = value
        self._bytes += size

    def keep(self, wanted: Callable[[V], bool]) -> None:
        """Drop the entries whose value is not wanted any more."""
        self._old = {key: value for key, value in self._old.items() if wanted(value)}
        self._young = {key: value for key, value in self._young.items() if wanted(value)}
        self._bytes = sum(starmap(self._size, self._young.items()))

    def rotate(self) -> None:
        """Drop what was not used since the last turn."""
        self._old, self._young, self._bytes = self._young, {}, 0
