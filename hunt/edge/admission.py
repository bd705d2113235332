"""Limits of open connections, in all and by address, and eviction of idle connections.

At a limit, the connection that has been idle longest is closed for a new one.  If none
is idle, the new one is *beyond the limit*: its request is refused with 503, and it is
closed.  A few connections beyond the limit may request an operations route, so that
probes and Prometheus can see a full server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from operator import itemgetter
from typing import Literal, Protocol

import structlog

from hunt.core.proxies import Peer

#: Maximum number of connections beyond the limit whose request has not arrived.  One more
#: closes the oldest of them.
BEYOND = 16

#: Maximum number of connections beyond the limit that request an operations route.
OPERATIONS = 8

#: Seconds for the request of a connection beyond the limit to arrive.
BEYOND_TIMEOUT = 2.0

#: Seconds for the response of an operations route on such a connection.
OPERATIONS_TIMEOUT = 10.0

#: The operations routes, which are served beyond the limit.
ROUTES = frozenset({b"/livez", b"/readyz", b"/metrics"})

#: Seconds after which a search that has found no idle connection may be repeated.
SEARCH_COOLDOWN = 0.1

#: Seconds after the last search in which its result is kept.
SEARCH_LIFE = 10.0

#: Seconds between two log events of addresses with too many connections.
WARN_INTERVAL = 60.0

#: Maximum number of addresses whose searches are remembered.
SEARCHES = 64

Limit = Literal["all", "address"]

log = structlog.get_logger("hunt.edge")


class Holder(Protocol):
    """The object that serves a connection now.  Its methods must not block."""

    def idle_since(self) -> float | None:
        """Return the time at which the connection became idle; None if a request is in flight."""

    def evict(self) -> None:
        """Close the connection, unless a request has arrived meanwhile; then serve it."""

    def abort(self) -> None:
        """Close the connection at once."""


class Slot:
    """One open connection, as counted by the limits."""

    __slots__ = ("_admission", "beyond", "holder", "key", "peer")

    def __init__(
        self, admission: Admission, peer: Peer, key: str | None, beyond: Limit | None
    ) -> None:
        self.peer = peer  #: the client, or a proxy
        self.key = key  #: key of the limit by address; None: that limit does not apply
        self.beyond = beyond  #: the limit that it exceeds; None: it exceeds none
        self.holder: Holder | None = None  #: None while it cannot be evicted
        self._admission = admission

    def serves(self, target: bytes) -> bool:
        """Return whether a request may be served.

        Args:
            target: The target of the request: a path, perhaps with a query.
        """
        if self.beyond is None:
            return True
        return target.partition(b"?")[0] in ROUTES and self._admission.reserve(self)

    def pin(self) -> None:
        """Exclude the connection from eviction: it is a stream."""
        self.holder = None
        self._admission.pin(self)

    def release(self) -> None:
        """Count the connection as closed; a second call changes nothing."""
        self._admission.release(self)


class Admission:
    """All connections of a process.

    Args:
        clock: Monotonic time, in seconds; also of `Holder.idle_since`.
        limit: Connections in all; None: no limit.
        per_address: Connections of one address; None: no limit.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        limit: int | None = None,
        per_address: int | None = None,
    ) -> None:
        self.limit = limit
        self.per_address = per_address
        self.evicted = 0  #: connections closed to make room
        self.refused: Counter[str] = Counter(all=0, address=0)  #: connections, by exceeded limit
        self._clock = clock
        self._open: set[Slot] = set()
        self._evictable: dict[Slot, None] = {}
        self._addresses: Counter[str] = Counter()
        self._beyond: dict[Slot, None] = {}  # oldest first
        self._operations: set[Slot] = set()
        self._searches: dict[str | None, _Search] = {}
        self._searched = float("-inf")  # time of the last search
        self._warned = float("-inf")

    @property
    def count(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    def load(self) -> float:
        """Return the open connections as a share of the limit; 0 without a limit."""
        return len(self._open) / self.limit if self.limit else 0.0

    def admit(self, peer: Peer) -> Slot:
        """Return the slot of a new connection; an idle connection may be closed for it.

        Args:
            peer: The client; the limit by address does not apply to a trusted proxy.
        """
        self._forget_searches()
        key = None if peer.trusted else peer.key
        slot = Slot(self, peer, key, self._full(key))
        self._open.add(slot)
        if slot.beyond is None:
            if key is not None:
                self._addresses[key] += 1
            self._evictable[slot] = None
            return slot
        self.refused[slot.beyond] += 1
        if slot.beyond == "address":
            self._warn()
        self._evict_beyond(key)
        self._beyond[slot] = None
        return slot

    def _full(self, key: str | None) -> Limit | None:
        """Return the limit that a new connection exceeds; evict an idle one if possible."""
        if (
            key is not None
            and self.per_address is not None
            and self._addresses[key] >= self.per_address
            and not self._evict(key)
        ):
            return "address"
        admitted = len(self._open) - len(self._beyond) - len(self._operations)
        if self.limit is not None and admitted >= self.limit and not self._evict(None):
            return "all"
        return None

    def _evict(self, key: str | None) -> bool:
        """Close the connection that has been idle longest; return False if none is idle.

        Args:
            key: The address whose connections may be closed; None: any.
        """
        search = self._searches.get(key)
        if search is None or (not search.found and not search.is_cooling_down(self._clock())):
            if len(self._searches) >= SEARCHES:
                self._searches.clear()
            slots = [each for each in self._evictable if key in {None, each.key}]
            self._searched = self._clock()
            search = self._searches[key] = _Search(slots, self._searched)
        while search.found:
            since, slot = search.found.pop()
            holder = slot.holder
            if slot not in self._evictable or holder is None or holder.idle_since() != since:
                continue
            holder.evict()
            if slot not in self._open:
                self.evicted += 1
                return True
        return False

    def _evict_beyond(self, key: str | None) -> None:
        """Close a connection beyond the limit if there are `BEYOND` already.

        One address has at most half of them, so that clients of other addresses still get
        their 503.
        """
        same = [each for each in self._beyond if each.key == key] if key is not None else []
        if len(same) < BEYOND // 2 and len(self._beyond) < BEYOND:
            return
        waiting = same if len(same) >= BEYOND // 2 else list(self._beyond)
        for slot in waiting:
            if slot.holder is not None:
                slot.holder.evict()
            if slot not in self._beyond:
                return
        for slot in waiting:
            if slot.holder is not None:
                slot.holder.abort()
                return

    def reserve(self, slot: Slot) -> bool:
        """Return whether a connection beyond the limit may be served an operations route."""
        if slot in self._operations:
            return True
        if slot not in self._beyond or len(self._operations) >= OPERATIONS:
            return False
        del self._beyond[slot]
        self._operations.add(slot)
        return True

    def pin(self, slot: Slot) -> None:
        """Exclude a connection from eviction."""
        self._evictable.pop(slot, None)

    def release(self, slot: Slot) -> None:
        """Count a connection as closed."""
        if slot not in self._open:
            return
        self._open.remove(slot)
        self._evictable.pop(slot, None)
        self._beyond.pop(slot, None)
        self._operations.discard(slot)
        if slot.beyond is None and slot.key is not None:
            self._addresses[slot.key] -= 1
            if not self._addresses[slot.key]:
                del self._addresses[slot.key]
        self._forget_searches()

    def _forget_searches(self) -> None:
        """Drop the candidates of old searches, which may be closed connections."""
        if self._searches and self._clock() >= self._searched + SEARCH_LIFE:
            self._searches.clear()

    def _warn(self) -> None:
        now = self._clock()
        if now >= self._warned + WARN_INTERVAL:
            self._warned = now
            log.warning(
                "connection limit of an address reached; if it is a proxy's, name it in "
                "HUNT_TRUSTED_PROXIES",
                limit=self.per_address,
            )


class _Search:
    """The idle connections at one moment, the longest-idle one last."""

    def __init__(self, slots: list[Slot], now: float) -> None:
        idle = [
            (since, slot)
            for slot in slots
            if slot.holder is not None and (since := slot.holder.idle_since()) is not None
        ]
        self.found = sorted(idle, key=itemgetter(0), reverse=True)
        self._again = now if idle else now + SEARCH_COOLDOWN

    def is_cooling_down(self, now: float) -> bool:
        """Return whether it is too early to search again after none was idle."""
        return now < self._again
