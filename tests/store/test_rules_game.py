"""A game with every rule, by two processes at once: the log keeps all of them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import trio

from hunt.core.definition import Area, Definition, Even, Moments, Prize, Quota, Step
from hunt.core.events import Reward, Settlement
from hunt.core.maps import Map
from hunt.core.odds import Odds
from hunt.errors import TooFar
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.reward_states import RewardStates
from hunt.testing.rule_checks import rules
from tests.store.open_log import click

SEED = bytes(range(32))


def every_rule(now: datetime) -> Definition:
    """Return a hunt with every rule, in which units are released while the game goes on."""
    begin, end = now - timedelta(seconds=1), now + timedelta(seconds=4)
    second = timedelta(seconds=1)
    plan = tuple(Step(now + n * second / 4, 5 * n) for n in range(1, 12))
    prizes = (
        Prize("voucher", "Voucher", 9, 0.3, 60, 4, release=Even(), overflow="badge"),
        Prize("flash", "Flash", 5, Area(1.0, (25, 25), 25), None, None, first=True, void=True,
              release=Moments(40)),
        Prize("ticket", "Ticket", 3, 0.3, None, None, release=plan, void=True),
        Prize("late", "Late", 2, 0.1, None, None, starts=now + second, until=now + 2 * second),
        Prize("badge", "Badge", 1, 0.2, 500, None),
    )  # fmt: skip
    return Definition(
        "harbour", "Harbour", Map.sized(100, 100), begin, end, 0.0, prizes,
        timezone="Europe/Berlin", attempts=Quota(60, "hunt"), max_wins=Quota(25, "week"),
        max_speed=400.0,
    )  # fmt: skip


async def test_two_processes_and_an_operator_keep_every_rule(database: str) -> None:
    source = random.Random(7)
    async with open_pool(database, size=4) as pool:
        store = Hunts(pool)
        plain = replace(every_rule(datetime.now(UTC)), prizes=())
        await store.apply(plain, seed=SEED, actor="test")
        await store.open("harbour")
        hunt = every_rule(datetime.now(UTC))
        await store.apply(hunt, seed=SEED, actor="test")
        odds, worth = Odds(hunt), {each.id: each.points for each in hunt.prizes}

        refused: Counter[type] = Counter()

        async def process() -> None:
            log = Log(pool)
            with trio.move_on_after(3):
                while True:
                    batch = []
                    for _ in range(source.randint(1, 40)):
                        x, y = source.uniform(0, 100), source.uniform(0, 100)
                        prize = odds.draw(x, y, source.random())
                        drawn = (None, 0) if prize is None else (prize.id, worth[prize.id])
                        player = f"player-{source.randrange(600)}"
                        made = click(player, x=x, y=y, prize=drawn[0], points=drawn[1])
                        batch.append(made)
                    refused.update(map(type, await log.append("harbour", batch)))

        async def operator() -> None:
            states = RewardStates(pool)
            with trio.move_on_after(3):
                while True:
                    seqs = [source.randint(1, 2000) for _ in range(3)]
                    won = [seq for seq in seqs if await states.get("harbour", seq)]
                    await states.change("harbour", "void", actor="test", seqs=won, reason="test")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(process)
            nursery.start_soon(process)
            nursery.start_soon(operator)
        rows: list[Reward] = []
        log = Log(pool)
        while more := await log.read("harbour", len(rows), 2**62):
            rows += more
        async with pool.connection() as conn:
            found = await conn.execute("select seq, at from reward_changes where state = 'void'")
            voids = dict(await found.fetchall())
        assert voids, "an operator took some back"
        assert rules(hunt, SEED, rows, voids) == []
        assert refused[TooFar] > 0
        slower = replace(hunt, max_speed=40.0)
        assert {each.check for each in rules(slower, SEED, rows, voids)} == {"rule max_speed"}
        assert {row.prize for row in rows} == {each.id for each in hunt.prizes} | {None}
        outcomes = await log.append("harbour", [click("player-0") for _ in range(61)])
        assert not all(isinstance(each, Settlement) for each in outcomes), "attempts are limited"
