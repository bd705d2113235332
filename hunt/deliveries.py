"""Assembles the deliverer of webhooks from the store and the settings."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import trio

from hunt.core.addresses import network
from hunt.service.log_news import LogNews
from hunt.service.webhook_delivery import DeliveryServices, LogSource
from hunt.service.webhook_sender import open_sender
from hunt.service.webhooks import Webhooks
from hunt.settings import Settings
from hunt.store.store import Store
from hunt.store.webhook_secrets import open_secrets


def make_webhooks(
    settings: Settings, store: Store, *, news: LogNews, jitter: Callable[[], float]
) -> Webhooks:
    """Return the deliverer of webhooks of one process.

    Args:
        settings: Networks that are not public, to which webhooks may be sent.
        store: The open store.
        news: Tells deliveries that the log of a hunt grew.
        jitter: Uniform in [0, 1), spreads retries.
    """
    services = DeliveryServices(
        leases=store.webhook_leases,
        logs={
            "rewards": LogSource(store.log_events.page, news),
            "changes": LogSource(store.change_events.page, LogNews()),
        },
        unseal=lambda lease: open_secrets(
            store.ring, lease.webhook.hunt, lease.webhook.id, lease.secrets
        ),
        sender=partial(
            open_sender,
            allow=tuple(network(each) for each in settings.webhook_allow),
            clock=time.time,
        ),
        database=trio.CapacityLimiter(1),
        jitter=jitter,
        clock=time.time,
        attempts=Counter({"2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, "none": 0}),
        dead=Counter(),
    )
    return Webhooks(store.webhook_leases.claim, services)
