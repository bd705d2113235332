"""The read path of one process: from hunts and notices to the tail and the hub."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import trio

from hunt.core import live
from hunt.core.events import Notice
from hunt.core.hunts import Hunt
from hunt.service.broadcast import Broadcast, encoded
from hunt.service.hub import Hub
from hunt.service.tail import Tail


class Streams:
    """Passes hunts that were read, and notices of the bus, to the tail and the hub.

    Args:
        tail: Orders rewards, and publishes them to `hub`.
        hub: Delivers rewards to streams.
        broadcast: Delivers live events to the streams of `hub`.
        refresh: Schedules a read of all hunts; must not block.
        bus_lag: Called with the age of each notice, in seconds.
    """

    def __init__(
        self,
        tail: Tail,
        hub: Hub,
        broadcast: Broadcast,
        *,
        refresh: Callable[[], None],
        bus_lag: Callable[[float], None],
    ) -> None:
        self.tail = tail
        self.hub = hub
        self.broadcast = broadcast
        self._refresh = refresh
        self._bus_lag = bus_lag

    def hunt_read(self, hunt: Hunt, known: Hunt | None) -> None:
        """Follow the log of a hunt, and tell its streams what has changed.

        Args:
            hunt: The hunt as it was read.
            known: The hunt as it was read before; None for a new one.
        """
        self.tail.start_at(hunt.id, hunt.last_seq)
        if hunt.has_ended:
            # End the streams only after the last rewards were published.
            if self.tail.position(hunt.id) >= hunt.last_seq:
                # The state comes last, because it tells clients not to reconnect.
                self.hub.end(hunt.id, last=list(map(encoded, reversed(live.events(hunt)))))
            return
        if known is not None and self.hub.wanted(hunt.id):
            self.broadcast.tell_all(hunt.id, live.changes(hunt, known))
        if known is not None and known.epoch != hunt.epoch:
            # The log was restored from a backup, so clients must reconnect and get a reset.
            self.tail.begin_again(hunt.id, hunt.last_seq)
            self.hub.end(hunt.id, "drain")

    def hunt_deleted(self, hunt: Hunt) -> None:
        """End the streams of a hunt, and forget its log."""
        self.hub.end(hunt.id)
        self.tail.forget(hunt.id)

    def notice(self, notice: Notice) -> None:
        """Take a notice of the bus about a commit of any process."""
        if notice.rewards:
            settled = datetime.fromisoformat(notice.rewards[0].at)
            self._bus_lag(max((datetime.now(UTC) - settled).total_seconds(), 0.0))
        self.tail.notice(notice)

    def listener_connected(self) -> None:
        """Read all hunts and their last seqs: earlier notices are lost."""
        self.tail.resync()
        self._refresh()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Follow logs and serve streams until cancelled."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.tail.run)
            nursery.start_soon(self.hub.run)
            nursery.start_soon(self.broadcast.run)
            task_status.started()
