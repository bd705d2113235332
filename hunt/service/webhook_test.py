"""Sends a test to an endpoint, at the request of an operator."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from hunt.core.addresses import Network
from hunt.core.webhooks import Answer, WebhookState
from hunt.core.wire import encode
from hunt.service.webhook_sender import AddressRefused, open_sender


class Stored(Protocol):
    """Endpoints in the database; see `hunt.store.webhooks.Webhooks`."""

    def get(self, hunt: str, id_: int) -> Awaitable[WebhookState]:
        """Return one endpoint."""

    def secrets(self, hunt: str, id_: int) -> Awaitable[list[str]]:
        """Return its valid secrets."""

    def tested(self, hunt: str, id_: int, *, status: int | None, actor: str) -> Awaitable[None]:
        """Record the test in the audit trail."""


async def send_test(
    stored: Stored, hunt: str, id_: int, allow: Sequence[Network], *, actor: str
) -> Answer:
    """Send ``webhook.test`` to an endpoint, from this process; return the answer.

    Args:
        stored: Has the endpoint.
        hunt: Id of the hunt.
        id_: Id of the endpoint.
        allow: Networks that are permitted although they are not public.
        actor: Name of the operator, for the audit trail.

    Raises:
        WebhookNotFound: The hunt has no such endpoint.
        SealError: Its secrets cannot be opened.
    """
    url = (await stored.get(hunt, id_)).webhook.url
    keys = await stored.secrets(hunt, id_)
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    body = encode({"type": "webhook.test", "timestamp": at, "data": {"hunt": hunt, "webhook": id_}})
    try:
        async with open_sender(url, allow, clock=time.time) as sender:
            answer = await sender.send(f"test-{secrets.token_hex(8)}", body, keys)
    except AddressRefused as exc:
        answer = Answer(None, str(exc), 0.0)
    await stored.tested(hunt, id_, status=answer.status, actor=actor)
    return answer
