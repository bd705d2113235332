"""A hunt whose webhooks are delivered to a receiver of the test."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import ClassVar

import pytest
import trio

from hunt.core.addresses import network
from hunt.core.key_ring import KeyRing
from hunt.core.log_event import EventFilter
from hunt.service import webhook_delivery
from hunt.service.log_news import LogNews
from hunt.service.webhook_delivery import DeliveryServices, LogSource
from hunt.service.webhook_sender import open_sender
from hunt.service.webhooks import Webhooks
from hunt.store.change_events import ChangeEvents
from hunt.store.driver.pool import Pool
from hunt.store.log import Log
from hunt.store.log_events import LogEvents
from hunt.store.new_webhook import NewWebhook
from hunt.store.webhook_leases import WebhookLeases
from hunt.store.webhook_secrets import open_secrets
from hunt.store.webhooks import Webhooks as Stored
from tests.store.open_log import click
from tests.support.receiver import Receiver

RING = KeyRing([("one", bytes(32))])
NUMBERS = itertools.count(1)


class Stage:
    """A hunt with a log, and processes that deliver its events to a receiver."""

    followed: ClassVar[type[ChangeEvents | LogEvents]] = LogEvents

    def __init__(self, log: Log, pool: Pool, receiver: Receiver) -> None:
        self.log, self.pool, self.receiver = log, pool, receiver
        self.stored = Stored(pool, RING)
        self.webhooks: list[Webhooks] = []

    def process(self) -> Webhooks:
        leases = WebhookLeases(self.pool, lambda: f"process-{next(NUMBERS)}")
        services = DeliveryServices(
            leases=leases,
            logs={
                "rewards": LogSource(LogEvents(self.pool).page, LogNews()),
                "changes": LogSource(ChangeEvents(self.pool).page, LogNews()),
            },
            unseal=lambda each: open_secrets(
                RING, each.webhook.hunt, each.webhook.id, each.secrets
            ),
            sender=partial(
                open_sender, allow=[network("127.0.0.0/8")], clock=lambda: 1_800_000_000.0
            ),
            database=trio.CapacityLimiter(1),
            jitter=lambda: 0.0,
            clock=lambda: 1_800_000_000.0,
            attempts=Counter(),
            dead=Counter(),
        )
        made = Webhooks(leases.claim, services)
        self.webhooks.append(made)
        return made

    async def add(self, **fields: object) -> tuple[int, str]:
        given = {"url": self.receiver.url, "from_seq": 1} | fields
        made = await self.stored.create("harbour", NewWebhook(**given), actor="root")
        self.changed()
        return made

    def changed(self) -> None:
        for each in self.webhooks:
            each.look_soon()

    async def win(self, *prizes: str | None) -> None:
        await self.log.append("harbour", [click(f"p{n}", prize) for n, prize in enumerate(prizes)])
        for each in self.webhooks:
            each.advanced("harbour")

    async def owed(self, wanted: EventFilter | None = None) -> list[tuple[str, int, str]]:
        events, _, _ = await self.followed(self.pool).page(
            "harbour", wanted or EventFilter(), after=0, limit=1000
        )
        return [(each.event_id, each.position, each.id) for each in events]

    async def execute(self, statement: str) -> Sequence[tuple[object, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statement.encode())
            return await cursor.fetchall() if cursor.description else []

    async def wait_state(self, condition: str) -> None:
        with trio.fail_after(15):
            while not (await self.execute(f"select 1 from webhooks where {condition}")):
                await trio.sleep(0.05)


@asynccontextmanager
async def running(*webhooks: Webhooks) -> AsyncIterator[trio.Nursery]:
    async with trio.open_nursery() as nursery:
        for each in webhooks:
            nursery.start_soon(each.run)
        yield nursery
        nursery.cancel_scope.cancel()


@contextmanager
def shorter(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in seconds.items():
            patch.setattr(webhook_delivery, name, value)
        yield
