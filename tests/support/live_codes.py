"""A hunt whose only prize has codes, and is won by every click."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from hunt.core.definition import Prize
from hunt.core.key_ring import KeyRing
from hunt.store.codes import Codes
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.serving import HARBOUR, Client, serving

KEYS = (("2026", b"k" * 32),)
RING = KeyRing(KEYS)
LIVE = replace(
    HARBOUR, id="live", prizes=(Prize("voucher", "Voucher", 5, 1.0, None, None, codes=True),)
)
PATH = "/v1/hunts/live"


def made(count: int) -> list[str]:
    return [f"HUSH-{number:04}" for number in range(1, count + 1)]


async def prepare(database: str, count: int) -> None:
    """Open the hunt, with as many codes."""
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool, RING)
        await hunts.apply(LIVE, seed=os.urandom(32), actor="test")
        await hunts.open("live")
        if count:
            await Codes(pool, RING).load("live", "voucher", [made(count)], actor="test")


@asynccontextmanager
async def live(database: str, count: int = 9, **options: Any) -> AsyncIterator[Client]:
    """Serve the hunt with codes."""
    await prepare(database, count)
    async with serving(database, **{"data_keys": KEYS} | options) as client:
        yield client
