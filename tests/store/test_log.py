from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
import trio
from msgspec.structs import replace as altered

from hunt.core import notice
from hunt.core.definition import Definition, Prize
from hunt.core.events import Click, Reward, Settlement
from hunt.core.hunt_file import from_json, to_json
from hunt.errors import (
    BatchRejected,
    ClickConflict,
    HuntFailed,
    HuntNotFound,
    HuntNotOpen,
    LogWentBack,
    StoreUnavailable,
    TooFast,
    WrongState,
)
from hunt.store.batch_arrays import pack
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import COMMIT, READ, WENT_BACK, Log
from hunt.store.prizes import COUNT, COUNT_PLAYERS
from tests.store.open_log import LIMITED, PLAIN, click, opened, rewards


async def test_log_with_another_bus_sends_no_notice(database: str) -> None:
    async with (
        opened(database) as (log, pool),
        Listener(database).listening(("hunt_log",)) as received,
    ):
        await Log(pool, by=None).append("harbour", [click()])
        await log.append("harbour", [click()])
        _, payload = await anext(received)
    assert notice.parse(payload).first == 2


async def test_rewards_of_a_test_hunt_say_so(database: str) -> None:
    test = replace(PLAIN, id="test-harbour", test=True)
    for definition in (PLAIN, test):
        async with opened(database, definition) as (log, _):
            batch = [click()]
            first, repeat = [await log.append(definition.id, batch) for _ in range(2)]
            read = await log.read(definition.id, 0, 9)
            for found in (rewards(first), rewards(repeat), read):
                assert [each.test for each in found] == [definition.test]


async def test_seqs_are_dense_and_in_order_with_several_writers(database: str) -> None:
    async with opened(database) as (log, _), open_pool(database, size=4) as other:

        async def write(to: Log) -> None:
            for size in (1, 7, 30):
                batch = [click() for _ in range(size)]
                outcomes = await to.append("harbour", batch)
                assert [each.id for each in rewards(outcomes)] == [each.id for each in batch]
                seqs = [each.seq for each in rewards(outcomes)]
                assert seqs == list(range(seqs[0], seqs[0] + size))

        async with trio.open_nursery() as nursery:
            for to in (log, Log(other), log, Log(other)):
                nursery.start_soon(write, to)
        everything = await log.read("harbour", 0, 10**9)
        assert [each.seq for each in everything] == list(range(1, 4 * 38 + 1))
        assert await log.last() == {"harbour": 4 * 38}


async def test_log_that_went_back_takes_no_click_until_a_new_epoch(database: str) -> None:
    async with opened(database) as (log, pool):
        await log.append("harbour", [click(), click()], known=0)
        await log.append("harbour", [click()], known=2)
        with pytest.raises(LogWentBack, match="4") as lost:
            await log.append("harbour", [click()], known=4)
        assert lost.value.sqlstate == WENT_BACK
        assert await log.last() == {"harbour": 3}
        hunts = Hunts(pool)
        [before] = [each.epoch for each in await hunts.all()]
        assert not await hunts.begin_epoch("harbour", before, 3), "it ends where it should"
        assert not await hunts.begin_epoch("harbour", "k0", 4), "another process has begun one"
        assert await hunts.begin_epoch("harbour", before, 4)
        assert not await hunts.begin_epoch("harbour", before, 4)
        [after] = [each.epoch for each in await hunts.all()]
        assert after != before


@pytest.mark.parametrize("reset", ["deallocate all", "discard all"])
async def test_statement_is_prepared_again_in_a_session_that_was_reset(
    database: str, reset: str
) -> None:
    async with opened(database) as (log, pool):
        await log.append("harbour", [click()])
        async with pool.connection() as conn:
            await conn.execute(reset.encode())
        [settled] = rewards(await log.append("harbour", [click()]))
        assert settled.seq == 2


async def test_statement_stays_prepared_after_a_rollback(database: str) -> None:
    async with opened(database) as (log, pool):
        await log.append("harbour", [click()])
        for _ in range(8):  # psycopg prepares frequent statements by itself
            await log.last()
        with pytest.raises(WrongState):
            await Hunts(pool).create(PLAIN, seed=b"s" * 32, actor="test")
        async with pool.connection() as conn:
            names = await conn.execute("select name from pg_prepared_statements")
            assert await names.fetchall() == [("hunt_commit",)]


async def test_commit_calls_back_once_it_is_sent(database: str) -> None:
    async with opened(database) as (log, _):
        told: list[str] = []
        async with trio.open_nursery() as nursery:

            async def commit() -> None:
                await log.append("harbour", [click()], lambda: told.append("sent"))
                told.append("answered")

            nursery.start_soon(commit)
        assert told == ["sent", "answered"]


async def test_commit_calls_back_before_it_waits_for_a_connection(database: str) -> None:
    async with opened(database) as (log, pool), AsyncExitStack() as lent:
        for _ in range(4):
            await lent.enter_async_context(pool.connection())
        waits = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(log.append, "harbour", [click()], waits.set, deadline=60))
            with trio.fail_after(30):
                await waits.wait()  # while all connections are lent
            await lent.aclose()


async def test_repeat_returns_first_outcome(database: str) -> None:
    async with opened(database, LIMITED) as (log, _):
        first = click(prize="coin")
        [settled] = await log.append("harbour", [first])
        assert isinstance(settled, Settlement)
        assert not settled.duplicate
        again = await log.append("harbour", [click(), altered(first, prize=None, points=0), first])
        assert [isinstance(each, Settlement) and each.duplicate for each in again] == [
            False,
            True,
            True,
        ]
        assert rewards(again)[1] == rewards(again)[2] == settled.reward
        assert len(await log.read("harbour", 0, 99)) == 2


async def test_click_twice_in_one_batch_counts_once(database: str) -> None:
    async with opened(database) as (log, _):
        one = click()
        outcomes = await log.append("harbour", [one, click(), one])
        assert [each.seq for each in rewards(outcomes)] == [1, 2, 1]
        assert isinstance(outcomes[2], Settlement)
        assert outcomes[2].duplicate


@pytest.mark.parametrize("change", [{"player": "bob"}, {"x": 9.0}, {"y": 9.0}])
async def test_id_of_another_click_is_a_conflict(database: str, change: dict[str, object]) -> None:
    async with opened(database) as (log, _):
        first = click()
        await log.append("harbour", [first])
        [conflict] = await log.append("harbour", [altered(first, **change)])
        assert isinstance(conflict, ClickConflict)
        [alone, within] = await log.append("harbour", [one := click(), altered(one, **change)])
        assert isinstance(alone, Settlement)
        assert isinstance(within, ClickConflict)


async def test_stock_holds_with_several_writers(database: str) -> None:
    async with opened(database, LIMITED) as (log, pool), open_pool(database, size=4) as other:
        granted: list[Reward] = []

        async def write(to: Log) -> None:
            for _ in range(4):
                outcomes = await to.append("harbour", [click(prize="coin"), click(prize="coin")])
                granted.extend(each for each in rewards(outcomes) if each.prize)

        async with trio.open_nursery() as nursery:
            for to in (log, Log(other), log):
                nursery.start_soon(write, to)
        assert len(granted) == 7
        hunt = await Hunts(pool).get("harbour")
        assert hunt is not None
        assert hunt.stock_left == {"coin": 0, "chest": 3}


@pytest.mark.parametrize("repeats", [0, 1])  # two paths through hunt_commit
async def test_click_over_the_players_limit_uses_no_stock(database: str, repeats: int) -> None:
    async with opened(database, LIMITED) as (log, _):
        before = [click("cy") for _ in range(repeats)]
        if before:
            await log.append("harbour", before)
        batch = [click("ada", "chest") for _ in range(4)] + [click("bob", "chest")]
        outcomes = rewards(await log.append("harbour", before + batch))[repeats:]
        assert [each.prize for each in outcomes] == ["chest", "chest", None, None, "chest"]
        assert [each.points for each in outcomes] == [5, 5, 0, 0, 5]
        later = rewards(await log.append("harbour", [click("ada", "chest"), click("cy", "chest")]))
        assert [each.prize for each in later] == [None, None]  # by limit, by stock


@pytest.mark.parametrize("repeats", [0, 1])
async def test_stock_and_players_limit_hold_over_many_batches(database: str, repeats: int) -> None:
    async with opened(database, LIMITED) as (log, pool):
        before = [click("cy") for _ in range(repeats)]
        if before:
            await log.append("harbour", before)

        async def won(*batch: Click) -> list[str | None]:
            outcomes = await log.append("harbour", [*before, *batch])
            return [each.prize for each in rewards(outcomes)[repeats:]]

        # Stock and limit are separate for each prize and each player.
        first = [click("ada", "coin") for _ in range(3)]
        assert await won(*first, click("ada", "chest")) == ["coin"] * 3 + ["chest"]
        assert await won(click("ada", "chest"), click("bob", "chest")) == ["chest"] * 2
        assert await won(click("ada", "chest"), click("ada", "coin")) == [None, "coin"]
        assert await won(click("bob", "chest"), click("bob", "coin")) == [None, "coin"]
        assert await won(*(click("cy", "coin") for _ in range(3))) == ["coin", "coin", None]
        async with pool.connection() as conn:
            counted = "select player, prize, granted from player_prizes order by 1"
            rows = await (await conn.execute(counted.encode())).fetchall()
        assert rows == [("ada", "chest", 2), ("bob", "chest", 1)], "of limited prizes only"
        hunt = await Hunts(pool).get("harbour")
        assert hunt is not None
        assert hunt.stock_left == {"coin": 0, "chest": 0}


@pytest.mark.parametrize("repeats", [0, 1])
async def test_stock_and_players_limit_of_one_hunt_leave_another_alone(
    database: str, repeats: int
) -> None:
    async with opened(database, LIMITED) as (log, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(LIMITED, id="river"), seed=b"s" * 32, actor="test")
        await hunts.open("river")
        for name in ("harbour", "river"):
            before = [click("cy") for _ in range(repeats)]
            if before:
                await log.append(name, before)
            batch = [click("ada", "chest") for _ in range(3)] + [click("bob", "coin")]
            won = rewards(await log.append(name, before + batch))[repeats:]
            assert [each.prize for each in won] == ["chest", "chest", None, "coin"]
        for hunt in await hunts.all():
            assert hunt.stock_left == {"coin": 6, "chest": 1}


@pytest.mark.parametrize("repeats", [0, 1])
async def test_players_limit_of_one_prize_leaves_another_alone(database: str, repeats: int) -> None:
    both = tuple(replace(each, per_player=1) for each in LIMITED.prizes)
    async with opened(database, replace(LIMITED, prizes=both)) as (log, _):
        before = [click("cy") for _ in range(repeats)]
        if before:
            await log.append("harbour", before)
        won = []
        for prize in ("coin", "chest", "coin", "chest"):
            won += rewards(await log.append("harbour", [*before, click(prize=prize)]))[repeats:]
        assert [each.prize for each in won] == ["coin", "chest", None, None]
        won = rewards(await log.append("harbour", [*before, click("bob", "coin")]))[repeats:]
        assert [each.prize for each in won] == ["coin"]


@pytest.mark.parametrize("repeats", [0, 1])
async def test_notice_without_room_for_its_rows_says_how_many_there_are(
    database: str, repeats: int
) -> None:
    long = replace(PLAIN, prizes=(Prize("c" * 60, "Coin", 5, 0.5, None, None),))
    async with (
        opened(database, long) as (log, _),
        Listener(database).listening(("hunt_log",)) as received,
    ):
        before = [click("cy") for _ in range(repeats)]
        if before:
            await log.append("harbour", before)
            await anext(received)
        batch = [*before, *(click("p" * 64, "c" * 60) for _ in range(60 - repeats))]
        settled = rewards(await log.append("harbour", batch))
        with trio.fail_after(5):
            parsed = notice.parse((await anext(received))[1])
        assert (parsed.first, parsed.last, parsed.rewards) == (1 + repeats, 60, None)
        assert await log.read("harbour", 0, 60) == settled


async def test_times_are_utc_and_of_microseconds(database: str) -> None:
    async with opened(database) as (_, pool), pool.connection() as conn:
        await conn.execute("set timezone to 'Asia/Kolkata'")
        query = "select hunt_time('2026-01-01 00:00:00.123456+02')"
        assert await (await conn.execute(query)).fetchone() == ("2025-12-31T22:00:00.123456Z",)


async def test_id_that_was_used_in_another_hunt_is_new(database: str) -> None:
    async with opened(database) as (log, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(PLAIN, id="river"), seed=b"s" * 32, actor="test")
        await hunts.open("river")
        clicks = [click(), click("bob")]
        await log.append("harbour", [click("cy"), *clicks])
        first = await log.append("river", clicks[:1])
        both = await log.append("river", clicks)
        assert [(each.reward.seq, each.duplicate) for each in [*first, *both]] == [  # type: ignore[union-attr]
            (1, False), (1, True), (2, False),
        ]  # fmt: skip
        assert await log.read("river", 0, 9) == rewards(both)
        assert [each.seq for each in await log.history("harbour", "ada", 0, 9)] == [2]


async def test_cooldown_is_the_players_own_in_each_hunt(database: str) -> None:
    cool = replace(PLAIN, cooldown=60.0)
    async with opened(database, cool) as (log, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(cool, id="river"), seed=b"s" * 32, actor="test")
        await hunts.open("river")
        for name in ("harbour", "river"):
            for player in ("ada", "bob"):
                [outcome] = await log.append(name, [click(player)])
                assert isinstance(outcome, Settlement)
        async with pool.connection() as conn:
            await conn.execute("update player_clicks set at = at - interval '61s'")
        for expected in (Settlement, TooFast):  # from the newest click on
            [outcome] = await log.append("river", [click()])
            assert isinstance(outcome, expected)


async def test_new_limit_counts_earlier_grants(database: str) -> None:
    free = replace(PLAIN, prizes=(Prize("coin", "Coin", 5, 0.5, None, None),))
    async with opened(database, free) as (log, pool):
        await log.append("harbour", [click(prize="coin") for _ in range(3)])
        limited = replace(free, prizes=(Prize("coin", "Coin", 5, 0.5, 4, 4),))
        changes = await Hunts(pool).apply(limited, seed=b"", actor="test")
        assert changes == ["prize coin: stock None -> 4", "prize coin: per_player None -> 4"]
        outcomes = await log.append("harbour", [click(prize="coin") for _ in range(3)])
        assert [each.prize for each in rewards(outcomes)] == ["coin", None, None]


async def test_cooldown_is_decided_by_the_commit(database: str) -> None:
    async with opened(database, replace(PLAIN, cooldown=60.0)) as (log, _):
        first = click()
        outcomes = await log.append("harbour", [first, click(), click("bob")])
        assert [type(each) for each in outcomes] == [Settlement, TooFast, Settlement]
        assert isinstance(outcomes[1], TooFast)
        assert 59 < outcomes[1].retry_after <= 60
        again = await log.append("harbour", [first, click()])
        assert [type(each) for each in again] == [Settlement, TooFast]
        assert await log.last() == {"harbour": 2}


@pytest.mark.parametrize(
    ("definition", "state"),
    [
        (PLAIN, "draft"),
        (PLAIN, "closed"),
        (replace(PLAIN, opens_at=datetime(2999, 1, 1, tzinfo=UTC)), "open"),
    ],
)
async def test_hunt_that_is_not_open_refuses_clicks(
    database: str, definition: Definition, state: str
) -> None:
    async with opened(database, definition, state=state) as (log, _):
        [outcome] = await log.append("harbour", [click()])
        assert isinstance(outcome, HuntNotOpen)


async def test_click_before_the_end_keeps_its_outcome(database: str) -> None:
    async with opened(database) as (log, pool):
        first = click()
        [before] = await log.append("harbour", [first])
        await Hunts(pool).close("harbour")
        [after, new] = await log.append("harbour", [first, click()])
        assert isinstance(before, Settlement)
        assert isinstance(after, Settlement)
        assert (after.reward, after.duplicate) == (before.reward, True)
        assert isinstance(new, HuntNotOpen)


async def test_bad_row_rejects_its_batch_and_can_be_recorded(database: str) -> None:
    async with opened(database) as (log, pool):
        bad = click("p" * 65)
        with pytest.raises(BatchRejected):
            await log.append("harbour", [click(), bad])
        for reason in ("why", "w" * 501):
            await log.reject("harbour", bad, reason)
        assert await log.read("harbour", 0, 9) == []
        async with pool.connection() as conn:
            rows = await conn.execute("select player, reason from rejected")
            found = await rows.fetchall()
        assert set(found) == {("p" * 65, "why"), ("p" * 65, "w" * 500)}


async def test_hunt_with_an_unreadable_definition_hides_no_other(database: str) -> None:
    async with opened(database) as (_, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(PLAIN, id="river"), seed=b"s" * 32, actor="test")
        async with pool.connection() as conn:
            broken = "update hunts set definition = jsonb_set(definition, '{map}', '7')"
            await conn.execute(f"{broken} where id = 'harbour'".encode())
        assert [each.id for each in await hunts.all()] == ["river"]
        with pytest.raises(HuntFailed):
            await hunts.get("harbour")


async def test_missing_hunt_is_not_found(database: str) -> None:
    async with opened(database) as (log, _):
        with pytest.raises(HuntNotFound, match="there is no hunt 'nowhere'"):
            await log.append("nowhere", [click()])
        await log.probe(None)


async def test_looks_and_probes_connect_in_spite_of_the_backoff() -> None:
    pool = Pool("host=127.0.0.1 port=1", size=2, clock=lambda: 0.0, jitter=lambda: 1.0)
    log = Log(pool)
    attempts = []
    for call in (
        partial(log.append, "harbour", [click()]),
        partial(log.read, "harbour", 0, 9),
        log.last,
        partial(log.probe, None),
    ):
        with pytest.raises(StoreUnavailable):
            await call()
        attempts.append(pool.faults["connect"])
    assert attempts == [1, 1, 2, 3]
    pool.close()


async def test_history_holds_rewards_of_one_player_in_order(database: str) -> None:
    async with opened(database) as (log, _):
        await log.append("harbour", [click("ada"), click("bob"), click("ada"), click("ada")])
        assert [r.seq for r in await log.history("harbour", "ada", 0, 9)] == [1, 3, 4]
        assert [r.seq for r in await log.history("harbour", "ada", 1, 1)] == [3]
        assert [r.seq for r in await log.read("harbour", 1, 3)] == [2, 3]
        assert [r.seq for r in await log.read("harbour", 0, 9, limit=2)] == [1, 2]


async def test_batch_sends_one_notice_with_its_rows_if_they_fit(database: str) -> None:
    async with (
        opened(database) as (log, pool),
        Listener(database).listening(("hunt_log", "hunt_hunts")) as received,
    ):
        settled = await log.append("harbour", [click() for _ in range(3)])
        await log.append("harbour", [click("p" * 64) for _ in range(100)])
        await Hunts(pool).close("harbour")
        with trio.fail_after(5):
            small, large, changed = [await anext(received) for _ in range(3)]
        assert notice.parse(small[1]).rewards == tuple(rewards(settled))
        parsed = notice.parse(large[1])
        assert (parsed.first, parsed.last, parsed.rewards) == (4, 103, None)
        assert changed == ("hunt_hunts", "harbour")


@pytest.mark.parametrize("repeat", [False, True], ids=["all new", "with a repeat"])
async def test_notice_says_which_prizes_were_denied(database: str, repeat: bool) -> None:
    async with (
        opened(database, LIMITED) as (log, _),
        Listener(database).listening(("hunt_log",)) as received,
    ):
        # Seven coins are in stock; a player gets two of the three chests.
        batch = [click(prize="coin") for _ in range(8)] + [click(prize="chest") for _ in range(3)]
        first = batch[:2] if repeat else []
        for each in (first, batch):
            if each:
                await log.append("harbour", each)
        settled = await log.read("harbour", 0, 11)
        assert [each.prize for each in settled] == ["coin"] * 7 + [None] + ["chest"] * 2 + [None]
        assert [each.sold_out for each in settled[7:]] == ["coin", None, None, None]
        told: list[Reward] = []
        with trio.fail_after(5):
            while len(told) < len(batch):
                told += notice.parse((await anext(received))[1]).rewards or pytest.fail("no rows")
        assert told == settled


async def test_commit_reads_its_own_partition_by_index(database: str) -> None:
    async with opened(database) as (_, pool):
        await Hunts(pool).apply(replace(PLAIN, id="river"), seed=b"s" * 32, actor="test")
        fill = (
            "insert into rewards"
            " select 1, n, gen_random_uuid(), 'p' || n %% 100, 1, 1, null, 0, now()"
            " from generate_series(%s::int, %s::int) n"
        )
        scans = (
            "select relname, coalesce(seq_scan, 0), coalesce(idx_tup_fetch, 0)"
            " from pg_stat_xact_user_tables where relname like 'rewards_%' order by 1"
        )
        async with pool.connection() as conn, conn.transaction():
            for first in range(1, 50_000, 2_000):  # each well within the limits of a statement
                await conn.execute(fill.encode(), (first, first + 1_999))
            await conn.execute("update hunts set last_seq = 50000 where number = 1")
        values = (
            b"harbour",
            *pack([click() for _ in range(200)])[0],
            b"test",
            None,
            bytes(8),
            None,
        )

        async with pool.connection() as conn, conn.transaction():
            before = await (await conn.execute(scans)).fetchall()
            for _ in range(2):  # new, and repeated
                await COMMIT.run(conn, values, lambda: None)
            after = await (await conn.execute(scans)).fetchall()
        scanned = [new[1] - old[1] for old, new in zip(before, after, strict=True)]
        fetched = [new[2] - old[2] for old, new in zip(before, after, strict=True)]
        assert scanned == [0, 0]
        assert fetched[0] < 2000, "rows fetched by index: a few for each click, not the table"
        assert fetched[1] == 0, "nothing of another hunt"


async def test_commit_locks_its_own_partition_only(database: str) -> None:
    locked = (
        "select distinct relation::regclass::text from pg_locks"
        " where pid = pg_backend_pid() and relation::regclass::text ~ '^rewards_[0-9]+$'"
    )
    async with opened(database) as (_, pool):
        for name in ("river", "lake", "sea"):
            await Hunts(pool).apply(replace(LIMITED, id=name), seed=b"s" * 32, actor="test")
        values = (b"harbour", *pack([click() for _ in range(3)])[0], b"test", None, bytes(8), None)
        async with pool.connection() as conn, conn.transaction():
            for _ in range(2):  # new, and repeated
                await COMMIT.run(conn, values, lambda: None)
            for player in ("ada", None):
                rows = await conn.execute(READ, ("harbour", player, 0, 3, 10))
                assert len(await rows.fetchall()) == 3
            assert await (await conn.execute(locked)).fetchall() == [("rewards_1",)]
        async with pool.connection() as conn, conn.transaction():
            for count in (COUNT, COUNT_PLAYERS):
                await conn.execute(count, {"hunt": 2, "prize": "coin"}, prepare=False)
            assert await (await conn.execute(locked)).fetchall() == [("rewards_2",)]


async def test_changes_are_versions_and_audited(database: str) -> None:
    async with opened(database, LIMITED) as (_, pool):
        hunts = Hunts(pool)
        assert await hunts.apply(LIMITED, seed=b"", actor="test") == []
        await hunts.apply(replace(LIMITED, title="Other", prizes=()), seed=b"", actor="eve")
        await hunts.open("harbour")  # is open already
        [hunt] = await hunts.all()
        assert (hunt.version, hunt.state, hunt.definition.title) == (2, "open", "Other")
        assert hunt.stock_left == {}
        assert from_json(to_json(hunt.definition)) == hunt.definition
        with pytest.raises(HuntNotFound):
            await hunts.close("nowhere")
        async with pool.connection() as conn:
            rows = await (
                await conn.execute("select actor, action from audit order by id")
            ).fetchall()
            versions = await (
                await conn.execute("select version, actor from hunt_versions")
            ).fetchall()
        assert rows == [("test", "create"), ("operator", "open"), ("eve", "apply")]
        assert versions == [(1, "test"), (2, "eve")]


async def test_read_returns_at_most_a_thousand_rows_by_default(database: str) -> None:
    async with opened(database) as (log, _):
        await log.append("harbour", [click() for _ in range(1001)])
        assert len(await log.read("harbour", 0, 2000)) == 1000
        assert [each.seq for each in await log.read("harbour", 998, 2000, limit=2)] == [999, 1000]
