"""Deliveries of webhooks in one process: finds endpoints with work, and takes their leases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import trio

from hunt.core.backoff import Backoff
from hunt.core.webhooks import FollowedLog, Lease, WebhookState
from hunt.errors import HuntError, StoreError
from hunt.logs import FaultLog
from hunt.service.webhook_delivery import Delivery, DeliveryServices

#: Seconds between two looks at the endpoints, at least.
LEAST = 0.1

#: Seconds between two looks while there are endpoints: another process may have died.
MOST = 30.0

#: The same while an endpoint follows the changes: no poll finds a change whose notice was lost.
MOST_CHANGES = 5.0

log = FaultLog("hunt.webhooks")

Claim = Callable[[], Awaitable[tuple[list[Lease], list[WebhookState]]]]


class Webhooks:
    """The deliverer of one process; see docs/reference/webhooks.md.

    It looks at the endpoints in the database when an operator has changed one, when the log of
    an endpoint without a lease grows, when the lease of another process runs out, and when a
    pause is over; otherwise every `MOST` or `MOST_CHANGES` seconds.  Without endpoints it does
    not look at all.

    Args:
        claim: Takes the leases of endpoints with work; returns them, and the states of all
            endpoints; raises a `StoreError`.
        services: Services that deliveries share.
    """

    def __init__(self, claim: Claim, services: DeliveryServices) -> None:
        self._claim = claim
        self._services = services
        self._jitter = services.jitter
        self._look = trio.Event()
        self._look.set()  # once at the start
        # Logs with an endpoint that has nothing to send, and no lease.
        self._idle: set[tuple[str, FollowedLog]] = set()
        # Logs that have grown since the last look began.
        self._grown: set[tuple[str, FollowedLog]] = set()
        self._deliveries: dict[int, Delivery] = {}
        self.states: dict[int, tuple[WebhookState, float]] = {}  #: by id, and the time of the look
        self.faults = Counter(look=0, delivery=0)  #: looks and deliveries that failed

    @property
    def attempts(self) -> Counter[str]:
        """Answers so far, by class."""
        return self._services.attempts

    @property
    def dead(self) -> Counter[str]:
        """Dead letters so far, by hunt."""
        return self._services.dead

    def advanced(self, hunt: str) -> None:
        """Learn that a log of rewards has grown; cannot block."""
        self._advanced(hunt, "rewards")

    def rewards_changed(self, hunt: str) -> None:
        """Learn that the state of rewards has changed; cannot block."""
        self._advanced(hunt, "changes")

    def _advanced(self, hunt: str, log: FollowedLog) -> None:
        self._services.logs[log].news.advanced(hunt)
        self._grown.add((hunt, log))
        if (hunt, log) in self._idle:
            self._idle.discard((hunt, log))
            self._look.set()

    def look_soon(self) -> None:
        """Look at the endpoints, because one may have changed; cannot block."""
        self._look.set()

    def lag(self, id_: int, last_seq: int) -> tuple[int, float]:
        """Return how far an endpoint is behind its log: rows, and seconds.

        The process that sends its events knows it exactly, others as of their last look.

        Args:
            id_: Id of a known endpoint.
            last_seq: Last known row of the log of rewards.
        """
        state, looked_at = self.states[id_]
        delivery = self._deliveries.get(id_)
        if delivery is not None:
            if state.webhook.log == "changes":
                last_seq = state.seq + state.behind  # as of the last look
            return max(last_seq - delivery.seq, 0), delivery.lag
        waits = state.behind > 0 and state.holder is None
        return state.behind, state.lag + (trio.current_time() - looked_at if waits else 0.0)

    async def run(self) -> None:
        """Deliver events until cancelled."""
        async with trio.open_nursery() as nursery:
            pauses = Backoff(base=1.0, cap=10.0, jitter=self._jitter)
            pause = 0.0
            while True:
                with trio.move_on_after(pause):
                    await self._look.wait()
                self._look = trio.Event()
                self._grown.clear()
                try:
                    async with self._services.database:
                        leases, states = await self._claim()
                except StoreError as exc:
                    self.faults["look"] += 1
                    log.store_error("webhooks not read", exc)
                    pause = 0.5 + pauses.next()
                    await trio.sleep(LEAST)
                    continue
                pauses.reset()
                for lease in leases:
                    self._deliveries[lease.webhook.id] = delivery = Delivery(lease, self._services)
                    nursery.start_soon(self._deliver, delivery)
                pause = self._take(states)
                await trio.sleep(LEAST)

    async def _deliver(self, delivery: Delivery) -> None:
        webhook = delivery.lease.webhook
        try:
            await delivery.run()
        except* HuntError as group:
            self.faults["delivery"] += 1
            reason = "; ".join(str(each) for each in group.exceptions)
            log.warning(
                "webhook delivery failed", hunt=webhook.hunt, webhook=webhook.id, error=reason
            )
        finally:
            if self._deliveries.get(webhook.id) is delivery:
                del self._deliveries[webhook.id]
            self._look.set()

    def _take(self, states: list[WebhookState]) -> float:
        """Take the states of all endpoints; return the seconds until the next look."""
        now = trio.current_time()
        self.states = {each.webhook.id: (each, now) for each in states}
        self._idle = set()
        pause = MOST if states else float("inf")
        for state in states:
            followed = (state.webhook.hunt, state.webhook.log)
            if state.webhook.log == "changes":
                pause = min(pause, MOST_CHANGES)
            delivery = self._deliveries.get(state.webhook.id)
            if delivery is not None and state.holder == delivery.lease.holder:
                if state.seq + state.behind > delivery.seq:
                    self._services.logs[state.webhook.log].news.advanced(state.webhook.hunt)
                continue
            if delivery is not None:
                delivery.cancel()  # an operator, or another process, has ended its lease
            if state.stopped is not None:
                continue  # `look_soon` is called when an operator starts it again
            if state.held_for:
                pause = min(pause, state.held_for + 0.1 + 0.4 * self._jitter())
            elif not state.has_work and followed in self._grown:
                pause = 0.0
            elif not state.has_work:
                self._idle.add(followed)
            elif state.paused_for:
                pause = min(pause, state.paused_for + 0.2 * self._jitter())
            else:
                pause = min(pause, 0.5 + 0.5 * self._jitter())
        return pause
