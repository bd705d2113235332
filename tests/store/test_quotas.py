"""Quotas of a hunt that is under way: what was clicked and won before they came counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hunt.core.definition import Quota
from hunt.core.events import Settlement
from hunt.errors import NoAttempts
from hunt.store.hunts import Hunts
from tests.store.open_log import LIMITED, click, opened, rewards


@pytest.mark.parametrize("per", ["day", "week", "hunt"])
async def test_earlier_wins_count_against_a_new_quota(database: str, per: str) -> None:
    async with opened(database, LIMITED) as (log, pool):
        await log.append("harbour", [click("ada", "coin"), click("bob")])
        quota = replace(LIMITED, max_wins=Quota(1, per))  # type: ignore[arg-type]
        await Hunts(pool).apply(quota, seed=bytes(32), actor="test")
        found = rewards(await log.append("harbour", [click("ada", "coin"), click("bob", "coin")]))
        assert [each.prize for each in found] == [None, "coin"]
        again = rewards(await log.append("harbour", [click("bob", "chest")]))
        assert [each.prize for each in again] == [None]


async def test_earlier_clicks_count_against_a_new_quota_and_another_period(database: str) -> None:
    async with opened(database, LIMITED) as (log, pool):
        await log.append("harbour", [click("ada"), click("ada"), click("bob")])
        for per in ("hunt", "day"):
            quota = replace(LIMITED, attempts=Quota(2, per))  # type: ignore[arg-type]
            await Hunts(pool).apply(quota, seed=bytes(32), actor="test")
            [refused] = await log.append("harbour", [click("ada")])
            assert isinstance(refused, NoAttempts)
        first, second = await log.append("harbour", [click("bob"), click("bob")])
        assert isinstance(first, Settlement)
        assert isinstance(second, NoAttempts)
        more = replace(LIMITED, attempts=Quota(3, "day"))
        await Hunts(pool).apply(more, seed=bytes(32), actor="test")
        [counted] = await log.append("harbour", [click("ada")])
        assert isinstance(counted, Settlement), "another count keeps what was counted"
