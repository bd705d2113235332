"""Hubs and subscriptions for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hunt.core.bans import BanList
from hunt.core.tokens import Identity
from hunt.service.hub import Hub
from hunt.service.subscriber import Mailbox, Subscription


def subscription_of(player: str | None, hunt: str = "harbour", until: float = 1e12) -> Subscription:
    """Return a subscription to a player's rewards; None: to the wins of all players."""
    identity = Identity(player or "somebody", None, False, until, None)
    return Subscription(hunt, identity, everybody=player is None)


class AllValid:
    """Tokens that stay valid."""

    generation = 0

    def hold(self, identity: Identity) -> bool:
        return True


def make_hub(**options: int) -> tuple[Hub, list[None]]:
    cut: list[None] = []
    per_player = options.get("per_player", 9)
    made = Hub(
        epoch=lambda hunt: "k1",
        per_player=per_player,
        per_address=options.get("per_address"),
        jitter=lambda: 0,
        clock=lambda: 0.0,
        tokens=AllValid(),
        bans=BanList(),
        slow=lambda: cut.append(None),
    )
    return made, cut


@contextmanager
def subscribed(
    hub: Hub, subscription: Subscription, *, buffer: int, transport: str
) -> Iterator[Mailbox]:
    """Subscribe a mailbox of `buffer` frames for the block, counted as an open stream."""
    mailbox = Mailbox(buffer)
    hub.add(subscription, mailbox)
    hub.count(transport, 1)
    has_task = transport == "sse"
    hub.awake += has_task
    try:
        yield mailbox
    finally:
        hub.awake -= has_task
        hub.count(transport, -1)
        hub.remove(mailbox)
        mailbox.discard()
