"""An operator who calls the admin API."""

from __future__ import annotations

from typing import Any

import trio

from hunt.core.hunt_file import to_json
from tests.support.serving import HARBOUR, Client, bearer

ADMIN = "/v1/admin"
HUNTS = f"{ADMIN}/hunts"


RIVER: dict[str, Any] = to_json(HARBOUR) | {"id": "river", "title": "River"}


def operator(client: Client, name: str = "root") -> None:
    client.headers.update(bearer(name, audience="hunt-admin"))


async def act(client: Client, method: str, path: str, **options: Any) -> Any:
    response = await client.request(method, path, **options)
    assert response.status_code in {200, 201}, response.text
    return response.json()


async def changed(client: Client, hunt_id: str, state: str) -> None:
    """Return once this process knows the change."""
    with trio.fail_after(5):
        while (known := client.engine.catalogue.hunts.get(hunt_id)) is None or known.state != state:
            await trio.lowlevel.checkpoint()


def bound(client: Client, *hunts: str) -> None:
    client.headers.update(bearer("eve", audience="hunt-admin", hunts=hunts))


async def audit_trail(client: Client) -> list[dict[str, Any]]:
    """Return the audit trail, newest first, once the audit queue is empty."""
    with trio.fail_after(10):
        while client.engine.operations.audit_queue._entries:
            await trio.sleep(0.01)
    operator(client)
    entries: list[dict[str, Any]] = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
    return entries
