"""Pages of winners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hunt.store import winners
from hunt.store.winners import Filter, page, pages
from tests.store.open_log import LIMITED, click, opened


async def test_winners_are_filtered_and_paged(database: str) -> None:
    async with opened(database, LIMITED) as (log, pool):
        await log.append("harbour", [click("ada", "coin"), click("bob"), click("bob", "chest")])
        await log.append("harbour", [click("ada", "chest"), click("cy", "coin")])

        async def seqs(wanted: Filter = Filter(), after: int = 0, limit: int = 9) -> object:  # ruff: ignore[function-call-in-default-argument]
            found, following = await page(pool, "harbour", wanted, after=after, limit=limit)
            return [each.seq for each in found], following

        assert await seqs() == ([1, 3, 4, 5], None)
        assert await seqs(limit=2) == ([1, 3], 3)
        assert await seqs(after=3, limit=2) == ([4, 5], None)
        assert await seqs(Filter(prize="coin")) == ([1, 5], None)
        assert await seqs(Filter(player="ada", prize="chest")) == ([4], None)
        before, later = (datetime.now(UTC) + timedelta(hours=sign) for sign in (-1, 1))
        assert await seqs(Filter(since=later)) == ([], None)
        assert await seqs(Filter(until=before)) == ([], None)
        assert await seqs(Filter(since=before, until=later)) == ([1, 3, 4, 5], None)
        assert await page(pool, "nowhere", Filter(), after=0, limit=9) == ([], None)


async def test_page_without_winners_goes_on(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winners, "RANGE", 2)
    async with opened(database, LIMITED) as (log, pool):
        await log.append("harbour", [*(click("bob") for _ in range(4)), click("ada", "coin")])
        assert await page(pool, "harbour", Filter(), after=0, limit=9) == ([], 2)
        assert await page(pool, "harbour", Filter(), after=2, limit=9) == ([], 4)
        found = [each.seq async for rows in pages(pool, "harbour", Filter()) for each in rows]
        assert found == [5]
