"""A cache of the versions of ended hunts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from hunt.core.hunts import Hunt, Version

#: Maximum number of hunts in the cache; the least recently used ones are evicted.
SIZE = 100


class VersionCache:
    """Caches the versions of ended hunts, which are public and never change.

    Args:
        read: Returns all versions of a hunt, newest first.
    """

    def __init__(self, read: Callable[[str], Awaitable[Sequence[Version]]]) -> None:
        self._read = read
        self._kept: OrderedDict[str, tuple[bytes, Sequence[Version]]] = OrderedDict()

    def known(self, hunt: Hunt) -> Sequence[Version] | None:
        """Return all versions of an ended hunt, newest first; None if they must be read."""
        kept = self._kept.get(hunt.id)
        return None if kept is None or kept[0] != hunt.seed else kept[1]

    async def get(self, hunt: Hunt) -> Sequence[Version]:
        """Return all versions of an ended hunt, newest first.

        Raises:
            StoreError: The versions are not cached, and cannot be read now.
        """
        assert hunt.has_ended, "positions of prizes are secret until the end"
        kept = self._kept.get(hunt.id)
        if kept is None or kept[0] != hunt.seed:  # a deleted hunt had the same id
            kept = hunt.seed, await self._read(hunt.id)
            self._kept[hunt.id] = kept
            if len(self._kept) > SIZE:
                self._kept.popitem(last=False)
        self._kept.move_to_end(hunt.id)
        return kept[1]
