"""Slow calls end in the server, too, and silent servers are disconnected."""

from __future__ import annotations

import os
import signal
import uuid
from contextlib import suppress

import pytest
import trio
from psycopg.conninfo import make_conninfo

from hunt.core.definition import Definition, Prize
from hunt.core.events import Click, Settlement
from hunt.core.maps import Map
from hunt.errors import BatchTimeout, HuntFailed, StoreSlow, StoreTimeout, StoreUnavailable
from hunt.store.driver import limits, listen
from hunt.store.driver.connection import Connection
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log

LIMITED = Definition(
    "harbour",
    "Harbour",
    Map.sized(100, 100),
    None,
    None,
    0.0,
    (Prize("coin", "Coin", 5, 0.5, 7, 3),),
)

SETTINGS = (
    "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout",
    "client_connection_check_interval",
)  # fmt: skip


def click() -> Click:
    return Click(str(uuid.uuid4()), "ada", 1.0, 1.0, "coin", 5)


async def opened(pool: Pool, definition: Definition = LIMITED) -> Log:
    hunts = Hunts(pool)
    await hunts.apply(definition, seed=os.urandom(32), actor="test")
    await hunts.open(definition.id)
    return Log(pool)


async def settings(conn: Connection) -> list[str]:
    query = "select " + ", ".join(f"current_setting('{name}')" for name in SETTINGS)
    row = await (await conn.execute(query.encode())).fetchone()
    assert row is not None
    return list(row)


async def value(conn: Connection, query: str) -> object:
    row = await (await conn.execute(query.encode())).fetchone()
    assert row is not None
    return row[0]


async def test_sessions_have_limits_below_the_deadline(database: str) -> None:
    assert 2 * limits.LOCK < limits.STATEMENT < limits.CALL
    async with open_pool(database, size=1) as pool, pool.connection() as conn:
        assert conn.patience == limits.CALL
        assert await settings(conn) == ["800ms", "1750ms", "10s", "1s"]


async def test_shorter_limits_of_an_operator_are_kept(database: str) -> None:
    options = "-c lock_timeout=200 -c statement_timeout=1min"
    async with open_pool(make_conninfo(database, options=options), size=1) as pool:
        async with pool.connection() as conn:
            assert (await settings(conn))[:2] == ["200ms", "1750ms"]


async def test_shared_session_of_a_pooler_is_left_as_it_is(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        pool.drop_all()
        # A pooler gives its clients process ids of its own.
        monkeypatch.setattr(limits, "_LIMIT", limits._LIMIT.replace("%s\n", "%s - 1\n"))
        async with pool.connection() as conn:
            assert (await settings(conn))[:2] == ["0", "0"]
        async with await Connection.connect(database) as other:
            await other.execute("select from hunts for update")
            with pytest.raises(HuntFailed) as failed:
                await log.append("harbour", [click()])
            assert failed.value.sqlstate == "55P03"
            await other.rollback()
        assert isinstance((await log.append("harbour", [click()]))[0], Settlement)


async def test_work_of_an_operator_may_take_longer(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        async with pool.transaction(seconds=20) as conn:
            assert (await settings(conn))[:2] == ["6s", "18s"]
            assert conn.patience == 20
        async with pool.connection() as conn:
            assert (await settings(conn))[:2] == ["800ms", "1750ms"]
            assert conn.patience == limits.CALL


async def test_commit_to_a_locked_hunt_ends_in_the_server_too(database: str) -> None:
    async with open_pool(database, size=2) as pool, await Connection.connect(database) as other:
        log = await opened(pool)
        await other.execute("select from hunts for update")
        with pytest.raises(HuntFailed) as failed:
            await log.append("harbour", [click()])
        assert failed.value.sqlstate == "55P03"
        waiting = (
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        assert await value(other, waiting) == 0
        assert pool.states()["idle"] == 1, "the connection is of use again"
        await other.rollback()


async def test_slow_commit_ends_in_the_server_and_is_a_timeout(
    database: str,
) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        await slow_inserts(pool, 10)
        with pytest.raises(StoreSlow, match="the server gave up a commit") as slow:
            await log.append("harbour", [click()])
        assert slow.value.sqlstate == "57014"
        assert pool.states()["idle"] == 1


async def test_commit_beyond_a_shorter_limit_of_an_operator_is_not_slow(database: str) -> None:
    limited = make_conninfo(database, options="-c statement_timeout=1200")
    async with open_pool(limited, size=1) as pool:
        log = await opened(pool)
        await slow_inserts(pool, 10)
        with pytest.raises(BatchTimeout):
            await log.append("harbour", [click()])


async def test_commit_that_an_operator_cancels_is_not_slow(database: str) -> None:
    async with open_pool(database, size=1) as pool, await Connection.connect(database) as other:
        log = await opened(pool)
        await slow_inserts(pool, 10)
        await other.set_autocommit(True)

        async def cancel() -> None:
            sleeping = (
                "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
            )
            while (await (await other.execute(sleeping.encode())).fetchone()) is None:
                await trio.sleep(0.01)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel)
            with pytest.raises(BatchTimeout) as cancelled:
                await log.append("harbour", [click()])
        assert cancelled.value.sqlstate == "57014"


async def slow_inserts(pool: Pool, seconds: float) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            "create function slow() returns trigger language plpgsql as"
            f" $$ begin perform pg_sleep({seconds}); return null; end $$".encode()
        )
        await conn.execute(
            "create trigger slow before insert on rewards"
            " for each statement execute function slow()"
        )


async def test_abandoned_backends_keep_their_slots(database: str) -> None:
    # Like a COMMIT that waits for a standby: it notices neither a timeout nor a closed socket.
    async with open_pool(database, size=2) as pool, await Connection.connect(database) as other:
        pids = []
        for _ in range(2):
            with pytest.raises(StoreTimeout):
                async with pool.connection() as conn:
                    await conn.execute(
                        "select set_config('statement_timeout', '0', false),"
                        " set_config('client_connection_check_interval', '0', false)"
                    )
                    pids.append(conn.info.backend_pid)
                    conn.patience = 0.1
                    await conn.execute("select pg_sleep(600)")
        with pytest.raises(StoreUnavailable, match="still runs 2 calls"):
            async with pool.connection():
                pass
        assert pool.faults["unfinished"] == 1
        await other.execute("select pg_terminate_backend(%s, 5000)", (pids[0],))
        async with pool.connection(insist=True) as conn:
            assert await value(conn, "select 1") == 1
        await other.execute("select pg_terminate_backend(%s, 5000)", (pids[1],))


# --- the connection that listens ----------------------------------------------------


async def test_listener_notices_a_silent_server(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "PING", 0.1)
    async with Listener(database).listening(("here",)) as received:
        with trio.move_on_after(0.5) as scope:
            await anext(received)
        assert scope.cancelled_caught, "a server that answers is kept"
        pid = received._conn.info.backend_pid  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGSTOP)
        try:
            with trio.fail_after(10), pytest.raises(StoreTimeout):
                await anext(received)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_listener_keeps_notices_that_arrive_with_an_answer(database: str) -> None:
    async with (
        Listener(database).listening(("here",)) as received,
        await Connection.connect(database, autocommit=True) as other,
    ):
        await other.execute("notify here, 'x'")
        conn: Connection = received._conn  # type: ignore[attr-defined]
        await conn.execute("select pg_sleep(0.2)")
        with trio.fail_after(5):
            assert await anext(received) == ("here", "x")


# --- the probe ------------------------------------------------------------------------


async def contents(pool: Pool) -> object:
    async with pool.connection() as conn:
        return await value(
            conn,
            "select array[(select count(*) from rewards), (select sum(last_seq) from hunts),"
            " (select sum(granted) from prizes), (select count(*) from player_prizes)]",
        )


async def test_probe_leaves_nothing_behind(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        await log.append("harbour", [click()])
        before = await contents(pool)
        async with Listener(database).listening(("hunt_log",)) as received:
            assert await log.probe("harbour") < limits.CALL
            assert await log.probe(None) < limits.CALL
            assert await contents(pool) == before
            [outcome] = await log.append("harbour", [click()])
            assert isinstance(outcome, Settlement)
            assert outcome.reward.seq == 2
            assert '"f":2' in (await anext(received))[1], "no notice of a probe came before"


async def test_probe_is_as_slow_as_inserts(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        await slow_inserts(pool, 0.2)
        assert await log.probe("harbour") >= 0.2


async def test_probe_does_not_measure_how_long_its_statement_is_prepared(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        async with pool.connection() as conn:
            await conn.execute("create sequence runs")  # whose steps are not rolled back
            await conn.execute(
                "create function count_run() returns trigger language plpgsql as"
                " $$ begin perform nextval('runs'); return null; end $$"
            )
            await conn.execute(
                "create trigger count_run before insert on rewards"
                " for each statement execute function count_run()"
            )
        found = []
        for _ in range(3):
            await log.probe("harbour")
            async with pool.connection() as conn:
                found.append(await value(conn, "select last_value from runs"))
        assert found == [2, 3, 4], "the first probe of a connection runs it once before"


async def test_probe_fails_where_rows_cannot_be_written(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        async with pool.connection() as conn:
            await conn.execute(
                "create function full_disk() returns trigger language plpgsql as"
                " $$ begin raise exception 'full' using errcode = '53100'; end $$"
            )
            await conn.execute(
                "create trigger full_disk before insert on rewards"
                " for each row execute function full_disk()"
            )
        with pytest.raises(StoreUnavailable, match="full"):
            await log.probe("harbour")
        async with pool.connection() as conn:
            await conn.execute("drop trigger full_disk on rewards")
        await log.probe("harbour")


async def test_probe_uses_the_named_hunt_or_an_open_one(
    database: str,
) -> None:
    async with open_pool(database, size=1) as pool, await Connection.connect(database) as other:
        log = await opened(pool)
        hunts = Hunts(pool)
        for name in ("draft", "lagoon"):
            made = Definition(name, name, Map.sized(9, 9), None, None, 0.0, ())
            await hunts.apply(made, seed=os.urandom(32), actor="test")
        await hunts.open("lagoon")
        async with pool.connection() as conn:
            for name in ("harbour", "lagoon"):
                assert await value(conn, f"select hunt_try_commit('{name}')") == name
            named = {await value(conn, "select hunt_try_commit('lagoon')") for _ in range(20)}
            assert named == {"lagoon"}
            tried = {await value(conn, "select hunt_try_commit('draft')") for _ in range(40)}
            assert tried == {"harbour", "lagoon"}, "each has its turn, by chance"
        await other.execute("select from hunts where id = 'harbour' for update")
        with pytest.raises(HuntFailed):
            await log.probe("harbour")
        for _ in range(9):
            await log.probe("lagoon")
        await other.rollback()


async def test_probe_tries_no_hunt_outside_its_times(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        await opened(pool)
        async with pool.connection() as conn:
            for column, shift in (("opens_at", "+"), ("closes_at", "-")):
                at = f"update hunts set {column} = now() {shift} interval '1h'"
                await conn.execute(at.encode())
                assert await value(conn, "select hunt_try_commit('harbour')") is None
                await conn.execute(f"update hunts set {column} = null".encode())
            assert await value(conn, "select hunt_try_commit('harbour')") == "harbour"


async def test_probe_of_a_frozen_server_ends(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        await log.probe(None)
        async with pool.connection() as conn:
            pid = conn.info.backend_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            with trio.fail_after(4 * limits.CALL), pytest.raises(StoreTimeout):
                await log.probe(None)
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_probe_waits_half_a_call_for_a_connection(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        log = await opened(pool)
        async with pool.connection():
            began = trio.current_time()
            with pytest.raises(StoreUnavailable, match="busy"):
                await log.probe(None)
            waited = trio.current_time() - began
        assert limits.CALL / 2 <= waited < limits.CALL
