"""A hunt whose prize asks for a claim, on a server with data keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import trio

from hunt.core.claims import Claim, ClaimField
from hunt.core.definition import Definition
from hunt.core.hunt_file import to_json
from tests.support.operators import HUNTS, act, operator
from tests.support.serving import HARBOUR, Client, serving

KEYS = (("k1", bytes(range(32))),)
FORM = Claim(
    (
        ClaimField("email", "E-mail", "email", required=True),
        ClaimField("terms", "I agree", "consent"),
    ),
    until=timedelta(days=14),
)
FIELDS: dict[str, str | bool] = {"email": "ada@example.org", "terms": True}


def asking(claim: Claim | None = FORM) -> Definition:
    """Return the hunt ``harbour``, whose coin asks for a claim."""
    coin, *others = HARBOUR.prizes
    return replace(HARBOUR, prizes=(replace(coin, claim=claim), *others))


@asynccontextmanager
async def claiming(database: str, **options: Any) -> AsyncIterator[Client]:
    """Serve the hunt ``harbour`` with a coin that asks for a claim; the client speaks for ada."""
    async with serving(database, **{"data_keys": KEYS} | options) as client:
        await change(client, asking())
        yield client


async def change(client: Client, definition: Definition) -> None:
    """Change the hunt, and return once the server knows it."""
    player = dict(client.headers)
    operator(client)
    answer = await act(client, "PUT", f"{HUNTS}/harbour", json=to_json(definition))
    client.headers.update(player)
    with trio.fail_after(5):
        while client.engine.catalogue.hunts["harbour"].version != answer["version"]:
            await trio.lowlevel.checkpoint()


async def claim(client: Client, seq: object = 1, **fields: object) -> httpx.Response:
    """Claim a reward with `FIELDS` and changes."""
    body = {"fields": FIELDS | fields}
    return await client.post(f"/v1/hunts/harbour/rewards/{seq}/claim", json=body)


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
