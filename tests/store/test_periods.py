"""Calendar periods: the SQL functions agree with `hunt.core.periods`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.periods import began
from hunt.store.driver.pool import open_pool
from tests.core.test_periods import PERIODS, at

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")


async def test_periods_of_the_database_are_those_of_python(shared_database: str) -> None:
    days = [datetime(2026, month, day, tzinfo=UTC) for month in (3, 10) for day in (1, 8, 25, 29)]
    moments = [day + timedelta(hours=hour, minutes=20) for day in days for hour in (0, 1, 9, 23)]
    async with open_pool(shared_database, size=1) as pool, pool.connection() as conn:
        for per in ("hour", "day", "week"):
            for zone in ZONES:
                cursor = await conn.execute(
                    "select hunt_period(%s, %s, t) from unnest(%s::timestamptz[]) with ordinality "
                    "as u (t, n) order by n",
                    (per, zone, moments),
                )
                found = [row[0] for row in await cursor.fetchall()]
                assert found == [began(per, zone, each) for each in moments], (per, zone)  # type: ignore[arg-type]


@pytest.mark.parametrize(("per", "moment"), [row[:2] for row in PERIODS if row[0] != "hunt"])
async def test_period_ends_where_the_next_one_begins(
    shared_database: str, per: str, moment: str
) -> None:
    async with open_pool(shared_database, size=1) as pool, pool.connection() as conn:
        cursor = await conn.execute(
            """
            select hunt_period(%(per)s, %(zone)s, e) = e,
                   hunt_period(%(per)s, %(zone)s, e - interval '1 us') = p
              from hunt_period(%(per)s, %(zone)s, %(at)s) p, hunt_period_end(%(per)s, %(zone)s, p) e
            """,
            {"per": per, "zone": "Europe/Berlin", "at": at(moment)},
        )
        assert await cursor.fetchone() == (True, True)


async def test_hunt_as_a_period_has_no_end(shared_database: str) -> None:
    async with open_pool(shared_database, size=1) as pool, pool.connection() as conn:
        cursor = await conn.execute(
            "select now() > hunt_period('hunt', 'UTC', now()), "
            "hunt_period_end('hunt', 'UTC', '-infinity') = 'infinity'"
        )
        assert await cursor.fetchone() == (True, True)
