"""A cache bounded by bytes and by age."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """A cache of at most `limit` bytes that evicts unused entries.

    Entries live in two generations.  A hit in the older one moves the entry to the
    younger one.  `rotate` drops the older generation, and the younger one takes its place.
    `put` calls it when the younger one holds half of the limit.  An entry is therefore
    evicted after two rotations without a hit.

    Args:
        limit: Largest size of all entries in bytes; an entry over a quarter of it is not kept.
        size: Returns the size of an entry with its key in bytes; an estimate is enough.
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
        """Return the value of a key, or None."""
        value = self._young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Add or replace a value, which must not be None."""
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
        """Evict all entries whose value is not `wanted`."""
        self._old = {key: value for key, value in self._old.items() if wanted(value)}
        self._young = {key: value for key, value in self._young.items() if wanted(value)}
        self._bytes = sum(starmap(self._size, self._young.items()))

    def rotate(self) -> None:
        """Evict the entries that were not used since the last rotation."""
        self._old, self._young, self._bytes = self._young, {}, 0
