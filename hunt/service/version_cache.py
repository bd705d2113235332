"""Versions of hunts that have ended, read once each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from hunt.core.hunts import Hunt, Version

#: Hunts whose versions are kept in memory.
SIZE = 100


class VersionCache:
    """A cache of what is public of an ended hunt, and never changes again.

    Args:
        read: Returns all versions of a hunt, the newest first.
    """

    def __init__(self, read: Callable[[str], Awaitable[Sequence[Version]]]) -> None:
        self._read = read
        self._kept: OrderedDict[str, tuple[bytes, Sequence[Version]]] = OrderedDict()

    async def get(self, hunt: Hunt) -> Sequence[Version]:
        """Return all versions of a hunt that has ended, the newest first.

        Raises:
            StoreError: They are not in memory and cannot be read now.
        """
        assert hunt.has_ended, "its places are secret"
        kept = self._kept.get(hunt.id)
        if kept is None or kept[0] != hunt.seed:  # another hunt had this id
            kept = hunt.seed, await self._read(hunt.id)
            self._kept[hunt.id] = kept
            if len(self._kept) > SIZE:
                self._kept.popitem(last=False)
        self._kept.move_to_end(hunt.id)
        return kept[1]
