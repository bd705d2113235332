"""A hunt in degrees with limits of accuracy and speed, on a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hunt.core.definition import Area, Definition, Prize
from hunt.core.maps import Map
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.serving import Client, serving

CACHE = Prize("cache", "Cache", 5, Area(1.0, (-58.4, -34.6), 50.0), None, None)
CITY = Definition(
    "city", "City", Map(-58.5, -34.7, -58.3, -34.5, "degrees"), None, None, 0.0, (CACHE,),
    max_accuracy=50.0, max_speed=30.0, position="device",
)  # fmt: skip


@asynccontextmanager
async def city(database: str) -> AsyncIterator[Client]:
    """Serve the hunt `CITY` beside the usual one."""
    async with open_pool(database, size=1) as pool:
        await Hunts(pool).apply(CITY, seed=bytes(32), actor="test")
        await Hunts(pool).open("city")
    async with serving(database) as client:
        yield client
