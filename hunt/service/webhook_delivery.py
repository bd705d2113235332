"""Sends the events of one webhook, while this process holds its lease."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog
import trio

from hunt.core.change_event import ChangeEvent
from hunt.core.log_event import EventFilter, LogEvent, event_json
from hunt.core.webhooks import Answer, FollowedLog, Lease, retry_pause
from hunt.errors import HuntError
from hunt.service.log_news import LogNews
from hunt.service.webhook_sender import AddressRefused, Sender

#: Seconds between two saves of the position, each of which renews the lease.
SAVE_INTERVAL = 2.0

#: Seconds of a lease, less the time that a save may take: then this process stops by itself.
OWN_LEASE = 5.0

#: Seconds to wait for more rows after the first new one.
GATHER = 0.1

#: Seconds without new rows, after which the lease is given back.
LINGER = 20.0

#: Events of one read.
PAGE = 200

log = structlog.get_logger("hunt.webhooks")


class Leases(Protocol):
    """Leases in the database; see `hunt.store.webhook_leases.WebhookLeases`."""

    async def save(
        self, lease: Lease, seq: int, answer: Answer | None = None, *, keep: bool = True
    ) -> bool:
        """Save the position; return False if the lease was lost."""

    async def failed(
        self, lease: Lease, seq: int, answer: Answer, *, event: int | None, pause: float
    ) -> bool:
        """Record a failed attempt; return whether the event became a dead letter."""

    async def replays(self, lease: Lease) -> list[int]:
        """Return the dead letters to be sent again."""

    async def replayed(self, lease: Lease, event: int, answer: Answer) -> None:
        """Record the answer to a dead letter."""


class ReadPage(Protocol):
    """Reads events of a log; see `hunt.store.log_events` and `hunt.store.change_events`."""

    def __call__(
        self, hunt: str, wanted: EventFilter, *, after: int, limit: int, upto: int | None = None
    ) -> Awaitable[tuple[Sequence[LogEvent | ChangeEvent], int, bool]]:
        """Return events, the position that was reached, and whether more may follow."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log of every hunt, as deliveries read it."""

    page: ReadPage
    news: LogNews


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryServices:
    """Services that deliveries share."""

    leases: Leases
    logs: Mapping[FollowedLog, LogSource]
    unseal: Callable[[Lease], Sequence[str]]  #: returns the secrets; raises a `HuntError`
    #: Opens a sender to a URL; raises `AddressRefused`.
    sender: Callable[[str], AbstractAsyncContextManager[Sender]]
    database: trio.CapacityLimiter  #: of one: deliveries use one connection at a time
    jitter: Callable[[], float]
    clock: Callable[[], float]  #: the time in seconds since 1970
    attempts: Counter[str]  #: answers by class
    dead: Counter[str]  #: dead letters by hunt


class Delivery:
    """The events of one endpoint in the order of the log, one request at a time.

    `run` ends when there is no work, the next event must wait, or the lease was lost.  The
    position is saved every `SAVE_INTERVAL` seconds and at the end, also if `run` is cancelled.
    An event after the saved position may be sent again, under the same id.

    Args:
        lease: The lease that this process has just taken.
        services: Services that deliveries share.
    """

    def __init__(self, lease: Lease, services: DeliveryServices) -> None:
        self.lease = lease
        self.seq = lease.seq  #: the last row that was sent or skipped
        self.lag = 0.0  #: age of the event that was sent last, in seconds
        self._services = services
        self._log = services.logs[lease.webhook.log]
        self._answer: Answer | None = None  # the last one with 2xx that was not saved
        self._scope = trio.CancelScope()
        self._ended = False  # the lease was lost, or given back after a failure

    def cancel(self) -> None:
        """End soon: the lease was lost."""
        self._ended = True
        self._scope.cancel()

    async def run(self) -> None:
        """Send events until there is nothing to do.

        Raises:
            StoreError: The database failed; the lease runs out.
        """
        self._scope.deadline = trio.current_time() + OWN_LEASE
        try:
            secrets = self._services.unseal(self.lease)
        except HuntError as exc:
            await self._failed(Answer(None, f"its secret: {exc}", 0.0), None)
            return
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._save_often)
                try:
                    async with self._services.sender(self.lease.webhook.url) as sender:
                        await self._deliver(sender, secrets)
                except AddressRefused as exc:
                    await self._failed(Answer(None, str(exc), 0.0), None)
                finally:
                    await self._give_back()
                nursery.cancel_scope.cancel()

    async def _save_often(self) -> None:
        while True:
            await trio.sleep(SAVE_INTERVAL)
            await self._save()

    async def _save(self) -> None:
        began, seq, answer = trio.current_time(), self.seq, self._answer
        async with self._services.database:
            kept = await self._services.leases.save(self.lease, seq, answer)
        if not kept:
            self.cancel()
            return
        self._scope.deadline = began + OWN_LEASE
        if self._answer is answer:
            self._answer = None

    async def _give_back(self) -> None:
        """End the lease with the present position, unless it has ended."""
        if self._ended:
            return
        with trio.move_on_after(SAVE_INTERVAL, shield=True):
            async with self._services.database:
                await self._services.leases.save(self.lease, self.seq, self._answer, keep=False)

    async def _deliver(self, sender: Sender, secrets: Sequence[str]) -> None:
        webhook = self.lease.webhook
        if self.lease.replays:
            await self._replay(sender, secrets)
        while True:
            grown = self._log.news.next(webhook.hunt)
            async with self._services.database:
                events, reached, more = await self._log.page(
                    webhook.hunt, webhook.wanted, after=self.seq, limit=PAGE
                )
            for event in events:
                answer = await self._send(sender, event, secrets)
                if not answer.delivered:
                    await self._failed(answer, event.position)
                    return
                self.seq, self._answer = event.position, answer
            self.seq = max(self.seq, reached)
            if more:
                continue
            with trio.move_on_after(LINGER) as quiet:
                await grown.wait()
            if quiet.cancelled_caught:
                return
            await trio.sleep(GATHER)

    async def _send(
        self, sender: Sender, event: LogEvent | ChangeEvent, secrets: Sequence[str]
    ) -> Answer:
        body = event_json(self.lease.webhook.hunt, event)
        answer = await sender.send(event.event_id, body, secrets)
        self._services.attempts[answer.result] += 1
        self.lag = max(self._services.clock() - event.at.timestamp(), 0.0)
        return answer

    async def _failed(self, answer: Answer, event: int | None) -> None:
        webhook = self.lease.webhook
        pause = retry_pause(self._attempts(), self._services.jitter)
        self._ended = True
        dead = False  # also if nothing is recorded in time; then the event is sent again
        with trio.CancelScope(shield=True), trio.move_on_after(SAVE_INTERVAL):
            async with self._services.database:
                dead = await self._services.leases.failed(
                    self.lease, self.seq, answer, event=event, pause=pause
                )
        if dead:
            self._services.dead[webhook.hunt] += 1
        log.warning(
            "webhook not delivered",
            hunt=webhook.hunt,
            webhook=webhook.id,
            seq=event,
            status=answer.status,
            error=answer.error,
            retry_in=None if dead or answer.status == 410 else round(pause, 1),
            dead=dead,
        )

    def _attempts(self) -> int:
        """Return the failed attempts of the next event, with the present one."""
        return 1 + (self.lease.attempts if self.seq == self.lease.seq else 0)

    async def _replay(self, sender: Sender, secrets: Sequence[str]) -> None:
        """Send the dead letters that an operator wants to send again, once each."""
        webhook, leases = self.lease.webhook, self._services.leases
        while True:
            async with self._services.database:
                seqs = await leases.replays(self.lease)
            if not seqs:
                return
            for seq in seqs:
                async with self._services.database:
                    events, _, _ = await self._log.page(
                        webhook.hunt, EventFilter("clicks"), after=seq - 1, upto=seq, limit=1
                    )
                answer = Answer(None, "the log has lost this event", 0.0)
                if events:
                    answer = await self._send(sender, events[0], secrets)
                async with self._services.database:
                    await leases.replayed(self.lease, seq, answer)
