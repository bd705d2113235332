"""The bus between processes: pub/sub of Valkey or Redis, a channel for each hunt's log.

The log in PostgreSQL is the only record.  If a message is lost, the poll of the tail finds the
commit up to a second later, and no event is lost.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import trio

from hunt.bus.link import Link
from hunt.bus.valkey_client import (
    PATIENCE,
    PING,
    Client,
    Subscription,
    check_fit,
    open_client,
    sentence,
)
from hunt.core import notice as notices
from hunt.core.backoff import Backoff
from hunt.core.events import Notice, Reward
from hunt.logs import FaultLog
from hunt.valkey_url import ValkeyURL

#: Notices that may wait to be published; beyond that the oldest are dropped.
BUFFER = 1000

#: Seconds after which a waiting notice is not worth sending: the polls have found its commit.
OLD = 2.0

#: Notices in one round trip.
MOST = 64

#: Notices that may have arrived and wait to be read; beyond that they are dropped.
ARRIVED = 10_000

#: Channels in one request to subscribe.
CHANNELS = 500

#: Seconds between two comparisons of the channels with the hunts that have streams.
COMPARE = 1.0

log = FaultLog("hunt.bus")


class ValkeyBus:
    """Publishes notices of this process, and receives those of hunts with streams here.

    `publish` neither blocks nor fails, whatever the server does.

    Args:
        url: The address of the server.
        own: The name of this process; notices of its commits come without rewards.
        notice: Called with each notice that arrives.
        epoch: Returns the epoch of a hunt's log; None for an unknown hunt.  It is part of
            the channel, so that two databases can share a server.
        wanted: Returns the hunts that have streams in this process.
        joined: Called after channels were subscribed to; earlier notices are lost, and must
            be read from the tables.
        jitter: Uniform in [0, 1), spreads the reconnects.

    Raises:
        SettingsError: The address cannot be used here.
    """

    def __init__(
        self,
        url: ValkeyURL,
        *,
        own: str,
        notice: Callable[[Notice], None],
        epoch: Callable[[str], str | None],
        wanted: Callable[[], set[str]],
        joined: Callable[[], None],
        jitter: Callable[[], float],
    ) -> None:
        check_fit(url)
        self._url = url
        self._own = own
        self._notice = notice
        self._epoch = epoch
        self._wanted = wanted
        self._joined = joined
        self._jitter = jitter
        self._waiting: deque[tuple[float, str, bytes]] = deque()  # since, channel, payload
        self._published = trio.Event()
        self._changed = trio.Event()
        self._up = {"publish": False, "subscribe": False}
        self.link = Link()

    def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
        """Tell other processes of a committed batch; cannot block or fail.

        Args:
            hunt: The id of the hunt.
            rewards: The rewards, at least one, by ascending seq.
        """
        epoch = self._epoch(hunt)
        if epoch is None:
            return
        for payload in notices.encode(hunt, rewards, by=self._own):
            if len(self._waiting) >= BUFFER:
                self._waiting.popleft()
                self.link.dropped["full"] += 1
            self._waiting.append((trio.current_time(), channel(hunt, epoch), payload))
        self._published.set()

    def follow_soon(self) -> None:
        """Subscribe to channels of new hunts at once; cannot block."""
        self._changed.set()

    async def run(self) -> None:
        """Publish and receive until cancelled; reconnect after each failure."""
        send, receive = trio.open_memory_channel[bytes](ARRIVED)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep, "publish", self._publish_all)

            async def subscribe(client: Client) -> None:
                await self._receive_all(client, send)

            nursery.start_soon(self._keep, "subscribe", subscribe)
            async for payload in receive:
                self._pass_on(payload)

    async def _keep(self, task: str, work: Callable[[Client], Awaitable[None]]) -> None:
        """Run one of the two tasks on a client of its own; begin again after each failure."""
        backoff = Backoff(base=0.1, cap=1.0, jitter=self._jitter)
        while True:
            try:
                async with open_client(self._url) as client:
                    backoff.reset()
                    self._set(task, up=True)
                    await work(client)
            # Even a defect of the library must not end a server that works without the bus.
            except* Exception as group:
                self._set(task, up=False)
                if trio.current_effective_deadline() > -math.inf:  # not cancelled
                    self.link.faults["lost"] += 1
                    log.warning("bus reconnecting", task=task, error=sentence(group))
            await trio.sleep(backoff.next())

    def _set(self, task: str, *, up: bool) -> None:
        self._up[task] = up
        self.link.connected = all(self._up.values())

    async def _publish_all(self, client: Client) -> None:
        while True:
            if not self._waiting:
                self._published = trio.Event()
                with trio.move_on_after(PING):
                    await self._published.wait()
            batch = self._take()
            try:
                with trio.fail_after(PATIENCE):
                    await (client.publish(batch) if batch else client.ping())
            except BaseException:
                self.link.dropped["failed"] += len(batch)
                raise
            self.link.published += len(batch)

    def _take(self) -> list[tuple[str, bytes]]:
        """Remove and return the oldest notices that are worth sending."""
        batch: list[tuple[str, bytes]] = []
        earliest = trio.current_time() - OLD
        while self._waiting and len(batch) < MOST:
            since, name, payload = self._waiting.popleft()
            if since < earliest:
                self.link.dropped["old"] += 1
            else:
                batch.append((name, payload))
        return batch

    async def _receive_all(self, client: Client, arrived: trio.MemorySendChannel[bytes]) -> None:
        async with client.subscription() as subscription, trio.open_nursery() as nursery:
            nursery.start_soon(self._follow, subscription)
            while True:
                message = await subscription.get_message()
                if not isinstance(message, dict):
                    continue
                try:
                    arrived.send_nowait(message["data"])
                except trio.WouldBlock:
                    self.link.faults["overflow"] += 1

    async def _follow(self, subscription: Subscription) -> None:
        """Subscribe to the channels of hunts with streams, and to no others."""
        joined: set[str] = set()
        unused: set[str] = set()  # in the previous comparison
        while True:
            self._changed = trio.Event()
            epochs = {hunt: self._epoch(hunt) for hunt in self._wanted()}
            wanted = {channel(hunt, epoch) for hunt, epoch in epochs.items() if epoch is not None}
            if new := sorted(wanted - joined):
                for start in range(0, len(new), CHANNELS):
                    await subscription.subscribe(*new[start : start + CHANNELS])
                joined.update(new)
                self._joined()
            # Not at once: a player who reconnects is gone for a moment.
            if old := (joined - wanted) & unused:
                await subscription.unsubscribe(*old)
                joined -= old
            unused = joined - wanted
            with trio.move_on_after(COMPARE):
                await self._changed.wait()

    def _pass_on(self, payload: bytes) -> None:
        try:
            parsed = notices.parse(payload, own=(self._own,))
        except ValueError:
            # From another release, or forged: the poll of the tail finds the commit.
            self.link.faults["odd"] += 1
            log.warning("notice not understood", bytes=len(payload))
            return
        self._notice(parsed)


def channel(hunt: str, epoch: str) -> str:
    """Return the channel of a hunt's log."""
    return f"hunt:log:{epoch}:{hunt}"
