"""A campaign of three doors in a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hunt.core.campaign import Campaign, CampaignDefinition, Door, door_id
from hunt.core.definition import Prize
from hunt.store.campaigns import Campaigns
from hunt.store.driver.pool import Pool, open_pool
from tests.store.open_log import PLAIN

ADVENT = Campaign("advent", "Advent", "Europe/Berlin")
COIN = Prize("coin", "Coin", 5, 0.5, None, None)
DAY = timedelta(days=1)


def doors(*offsets: float, campaign: str = "advent", length: float = 1) -> tuple[Door, ...]:
    """Return doors that open so many days after now, each for `length` days."""
    now = datetime.now(UTC)
    return tuple(
        Door(
            number,
            replace(
                PLAIN, id=door_id(campaign, number, 24), title=f"Door {number}", prizes=(COIN,),
                opens_at=now + offset * DAY, closes_at=now + (offset + length) * DAY,
            ),
        )
        for number, offset in enumerate(offsets, 1)
    )  # fmt: skip


def seed() -> bytes:
    return b"s" * 32


@asynccontextmanager
async def stored(
    database: str, found: tuple[Door, ...], *, campaign: Campaign = ADVENT, state: str = "open"
) -> AsyncIterator[tuple[Campaigns, Pool]]:
    async with open_pool(database, size=4) as pool:
        campaigns = Campaigns(pool)
        await campaigns.apply(CampaignDefinition(campaign, found), new_seed=seed, actor="test")
        if state == "open":
            await campaigns.set_state(campaign.id, "open", actor="test")
        yield campaigns, pool
