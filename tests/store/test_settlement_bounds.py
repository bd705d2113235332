"""Limits that a batch just reaches or just exceeds, in a hunt with rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hunt.core.definition import Moments, Prize, Quota
from hunt.core.events import Click, Settlement
from hunt.errors import NoAttempts
from hunt.store.driver.pool import Pool
from hunt.store.log import Log
from tests.store.open_log import PLAIN, click, opened, rewards

COIN = Prize("coin", "Coin", 5, 0.5, None, None)
RULED = replace(PLAIN, prizes=(COIN,), max_wins=Quota(100, "hunt"))


async def won(log: Log, *players: str) -> Sequence[str | None]:
    """Let players draw a coin in one batch; return what they got."""
    batch = [click(player, "coin") for player in players]
    return [each.prize for each in rewards(await log.append("harbour", batch))]


async def counted(log: Log, *players: str) -> list[bool]:
    """Let players click in one batch; return which clicks had an attempt."""
    outcomes = await log.append("harbour", [click(player) for player in players])
    return [isinstance(each, Settlement) for each in outcomes]


async def a_day_passes(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute("update player_periods set since = since - interval '1 day'")


async def test_win_limit_is_kept_across_and_within_batches(database: str) -> None:
    async with opened(database, replace(RULED, max_wins=Quota(2, "day"))) as (log, pool):
        assert await won(log, "ada", "bob") == ["coin", "coin"]
        assert await won(log, "ada", "bob") == ["coin", "coin"]
        assert await won(log, "ada", "cy") == [None, "coin"]
        assert await won(log, "cy", "cy", "dan") == ["coin", None, "coin"]
        await a_day_passes(pool)
        assert await won(log, "ada", "ada", "ada", "cy") == ["coin", "coin", None, "coin"]
        await a_day_passes(pool)
        assert await won(log, "ada", "cy") == ["coin", "coin"]
        assert await won(log, "ada", "ada", "cy") == ["coin", None, "coin"]


async def test_attempts_of_an_earlier_day_do_not_count(database: str) -> None:
    hunt = replace(RULED, attempts=Quota(2, "day"))
    async with opened(database, hunt) as (log, pool):
        await log.append("harbour", [click("ada"), click("ada"), click("bob")])
        await a_day_passes(pool)
        for _ in range(2):
            [counted] = await log.append("harbour", [click("ada")])
            assert isinstance(counted, Settlement)
        [refused] = await log.append("harbour", [click("ada")])
        assert isinstance(refused, NoAttempts)


async def test_player_limit_is_kept_across_and_within_batches(database: str) -> None:
    hunt = replace(RULED, prizes=(replace(COIN, per_player=2),))
    async with opened(database, hunt) as (log, _):
        assert await won(log, "ada", "bob") == ["coin", "coin"]
        assert await won(log, "ada", "cy") == ["coin", "coin"]
        assert await won(log, "ada", "bob") == [None, "coin"]
        assert await won(log, "cy", "cy") == ["coin", None]


async def test_player_limit_without_a_win_limit_is_kept_within_a_batch(database: str) -> None:
    late = replace(COIN, per_player=1, starts=datetime.now(UTC) - timedelta(hours=1))
    async with opened(database, replace(RULED, prizes=(late,), max_wins=None)) as (log, _):
        assert await won(log, "ada", "ada", "bob") == ["coin", None, "coin"]


async def test_win_limit_without_a_player_limit_is_kept_within_a_batch(database: str) -> None:
    async with opened(database, replace(RULED, max_wins=Quota(1, "hunt"))) as (log, _):
        assert await won(log, "ada", "ada", "bob") == ["coin", None, "coin"]


async def test_each_win_of_a_batch_counts_against_the_limit(database: str) -> None:
    async with opened(database, replace(RULED, max_wins=Quota(3, "day"))) as (log, pool):
        assert await won(log, "ada", "ada") == ["coin", "coin"]
        assert await won(log, "ada", "ada", "bob") == ["coin", None, "coin"]
        await a_day_passes(pool)
        assert await won(log, "ada", "bob") == ["coin", "coin"]
        assert await won(log, "ada", "ada", "ada") == ["coin", "coin", None]
        assert await won(log, "ada", "bob") == [None, "coin"]


async def test_attempts_are_kept_across_and_within_batches(database: str) -> None:
    async with opened(database, replace(PLAIN, attempts=Quota(3, "day"))) as (log, pool):
        assert await counted(log, "ada", "ada") == [True, True]
        assert await counted(log, "ada", "bob") == [True, True]
        assert await counted(log, "bob", "ada", "cy") == [True, False, True]
        assert await counted(log, "cy", "cy", "cy") == [True, True, False]
        await a_day_passes(pool)
        assert await counted(log, "ada", "bob", "cy") == [True, True, True]
        assert await counted(log, "ada", "ada", "ada") == [True, True, False]
        assert await counted(log, "ada", "bob") == [False, True]


async def test_attempts_are_kept_where_wins_are_limited(database: str) -> None:
    hunt = replace(RULED, attempts=Quota(1, "hunt"), max_wins=Quota(1, "hunt"))
    async with opened(database, hunt) as (log, _):
        assert await won(log, "ada") == ["coin"]
        assert await counted(log, "ada", "bob") == [False, True]
        assert await counted(log, "bob", "cy", "cy") == [False, True, False]


async def test_attempts_do_not_count_as_wins(database: str) -> None:
    hunt = replace(RULED, max_wins=Quota(2, "hunt"), attempts=Quota(9, "hunt"))
    async with opened(database, hunt) as (log, _):
        for _ in range(2):
            assert await counted(log, "ada", "bob") == [True, True]
            assert await counted(log, "ada", "bob") == [True, True]
            assert await won(log, "ada", "bob") == ["coin", "coin"]
        assert await won(log, "ada", "bob") == [None, None]


async def test_attempts_and_wins_of_a_player_are_counted_apart(database: str) -> None:
    hunt = replace(RULED, max_wins=Quota(1, "hunt"), attempts=Quota(3, "hunt"))
    async with opened(database, hunt) as (log, _):
        found = [await won(log, "ada") for _ in range(3)]
        assert found == [["coin"], [None], [None]]
        [refused] = await log.append("harbour", [click("ada", "coin")])
        assert isinstance(refused, NoAttempts)


async def test_stock_may_be_used_up_exactly(database: str) -> None:
    async with opened(database, replace(RULED, prizes=(replace(COIN, stock=3),))) as (log, _):
        assert await won(log, "ada") == ["coin"]
        assert await won(log, "ada", "bob") == ["coin", "coin"]
        assert await won(log, "cy") == [None]


async def test_prize_without_stock_is_reported_as_sold_out_beside_other_wins(database: str) -> None:
    scarce = Prize("scarce", "Scarce", 5, 0.5, 1, None)
    async with opened(database, replace(RULED, prizes=(COIN, scarce))) as (log, _):
        assert await won(log, "ada", "bob") == ["coin", "coin"]
        await log.append("harbour", [click("ada", "scarce")])
        batch = [click("ada", "coin"), click("bob", "scarce"), click("cy")]
        found = rewards(await log.append("harbour", batch))
        assert [(each.prize, each.sold_out) for each in found] == [
            ("coin", None),
            (None, "scarce"),
            (None, None),
        ]


async def test_unreleased_prize_is_denied_but_not_sold_out(database: str) -> None:
    late = Prize("late", "Late", 5, 0.5, 9, None, starts=datetime.now(UTC) + timedelta(hours=1))
    async with opened(database, replace(RULED, prizes=(COIN, late))) as (log, _):
        batch = [click("ada", "late"), click("bob", "coin")]
        found = rewards(await log.append("harbour", batch))
        assert [(each.prize, each.sold_out) for each in found] == [(None, None), ("coin", None)]


async def test_sold_out_prize_overflows_in_a_batch_of_different_players(database: str) -> None:
    scarce = Prize("scarce", "Scarce", 5, 0.5, 1, None, overflow="coin")
    async with opened(database, replace(RULED, prizes=(scarce, COIN))) as (log, _):
        await log.append("harbour", [click("ada", "scarce")])
        found = rewards(await log.append("harbour", [click("ada"), click("bob", "scarce")]))
        assert [each.prize for each in found] == [None, "coin"]


async def test_denied_win_uses_no_stock(database: str) -> None:
    hunt = replace(RULED, prizes=(replace(COIN, stock=2),), max_wins=Quota(1, "hunt"))
    async with opened(database, hunt) as (log, _):
        assert await won(log, "ada") == ["coin"]
        assert await won(log, "ada") == [None]
        assert await won(log, "bob") == ["coin"]


async def test_batch_larger_than_the_stock_is_denied_in_its_order(database: str) -> None:
    async with opened(database, replace(RULED, prizes=(replace(COIN, stock=2),))) as (log, _):
        assert await won(log, "ada", "bob", "cy") == ["coin", "coin", None]


async def test_first_click_wins_a_prize_without_area_that_it_did_not_draw(database: str) -> None:
    now = datetime.now(UTC)
    flash = Prize("flash", "Flash", 9, 1.0, None, None, first=True, release=Moments(50),
                  starts=now - timedelta(hours=2))  # fmt: skip
    hunt = replace(PLAIN, prizes=(COIN, flash), closes_at=now + timedelta(seconds=60))
    async with opened(database, hunt) as (log, _):
        batch: list[Click] = [click("ada"), click("bob", "coin")]
        found = rewards(await log.append("harbour", batch))
        assert [each.prize for each in found] == ["flash", "flash"]
