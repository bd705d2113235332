"""A log of clicks in a fresh database."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from msgspec.structs import replace as altered

from hunt.core.definition import Definition, Prize
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.maps import Map
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log

PLAIN = Definition("harbour", "Harbour", Map.sized(100, 100), None, None, 0.0, ())


LIMITED = replace(
    PLAIN,
    prizes=(
        Prize("coin", "Coin", 5, 0.5, 7, None),
        Prize("chest", "Chest", 9, 0.5, 3, 2),
    ),
)


def click(player: str = "ada", prize: str | None = None, **fields: object) -> Click:
    made = Click(str(uuid.uuid4()), player, 1.5, 2.5, prize, 5 if prize else 0)
    return altered(made, **fields)


@asynccontextmanager
async def opened(
    database: str, definition: Definition = PLAIN, *, state: str = "open"
) -> AsyncIterator[tuple[Log, Pool]]:
    async with open_pool(database, size=4) as pool:
        hunts = Hunts(pool)
        await hunts.apply(definition, seed=os.urandom(32), actor="test")
        if state != "draft":
            await hunts.open(definition.id)
        if state == "closed":
            await hunts.close(definition.id)
        yield Log(pool), pool


def rewards(outcomes: list[Outcome]) -> list[Reward]:
    return [each.reward for each in outcomes if isinstance(each, Settlement)]
