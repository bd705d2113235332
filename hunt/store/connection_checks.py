"""Checks of a database by experiment: latency, clock, notices, prepared statements."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import trio
from psycopg import errors as pg

from hunt.errors import StoreError
from hunt.store.driver import limits
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.listen import Listener
from hunt.store.driver.servers import Servers
from hunt.store.driver.statement import Statement
from hunt.store.setting_checks import Finding, finding

#: Longest time for a notice to arrive, in seconds.
NOTICE = 2.0

#: Longest acceptable round trip, in seconds: every batch waits for one.
LATENCY = 0.020

#: Largest acceptable difference between the clocks of hunt and of the database, in seconds.
CLOCK = 1.0

#: Round trips to measure.  The shortest one counts, because load delays only some of them.
ROUNDS = 9


async def latency(conn: Connection) -> Finding:
    """Measure a round trip to the database.

    Raises:
        StoreError: The database did not answer.
    """
    times = []
    with translated():
        for _ in range(ROUNDS):
            started = time.perf_counter()
            await conn.execute("select 1")
            times.append(time.perf_counter() - started)
    took = min(times)
    return finding(
        "latency",
        took <= LATENCY,
        f"a round trip takes {took * 1000:.1f} ms",
        "run hunt near its database: every batch waits for one round trip",
    )


async def clock(conn: Connection, wall: Callable[[], float]) -> Finding:
    """Compare the database's clock with `wall`, which returns seconds since 1970.

    Raises:
        StoreError: The database did not answer.
    """
    with translated():
        before = wall()
        cursor = await conn.execute("select extract(epoch from clock_timestamp())::float8")
        row = await cursor.fetchone()
        middle = (before + wall()) / 2
    assert row is not None
    apart = abs(row[0] - middle)
    return finding(
        "clock",
        apart <= CLOCK,
        f"{apart:.3f} s from the database's",
        "let NTP set the clocks of both machines: hunts open and close, and tokens expire, by them",
    )


async def notices(conn: Connection, listen: str) -> Finding:
    """Check that a notice sent on `conn` arrives on a connection to `listen`."""
    channel = f"hunt_doctor_{os.urandom(6).hex()}"
    detail = f"no notice arrived within {NOTICE:g} s"
    heard = False
    try:
        async with Listener(listen).listening((channel,)) as received:
            with translated():
                await conn.execute("select pg_notify(%s, %s)", (channel, "heard"))
            with trio.move_on_after(NOTICE):
                heard = await anext(received) == (channel, "heard")
    except StoreError as exc:
        detail = f"LISTEN failed: {exc}"
    return finding(
        "notices",
        heard,
        "LISTEN and NOTIFY work" if heard else detail,
        "set HUNT_LISTEN_DSN to the primary itself, or to a pooler in session mode: LISTEN does "
        "not work through a pooler in transaction mode, and streams come up to a second late",
    )


async def prepared(conninfo: str | Servers) -> Finding:
    """Check that a prepared statement stays on its connection, as commits require.

    Raises:
        StoreError: The database did not answer.
    """
    wrong = ""
    async with AsyncExitStack() as exits:
        with translated():
            pair = []
            for _ in range(2):
                pair.append(await Connection.connect(conninfo, autocommit=True))
                pair[-1].patience = limits.CALL
                exits.callback(pair[-1].close_now)
            # Both prepare a statement of the same name.  A pooler that mixes up the statements
            # of its clients then runs the wrong one, or reports a duplicate.
            statements = [Statement("hunt_trial", f"select {number}") for number in range(2)]
            try:
                rows = [
                    await statement.run(conn, (), _nothing)
                    for _ in range(2)
                    for conn, statement in zip(pair, statements, strict=True)
                ]
                if rows != [[(0,)], [(1,)]] * 2:
                    wrong = "the statement of another session ran"
            except (pg.DuplicatePreparedStatement, pg.InvalidSqlStatementName) as exc:
                wrong = str(exc).strip()
    return finding(
        "prepared",
        not wrong,
        f"prepared statements fail: {wrong}" if wrong else "prepared statements work",
        "point HUNT_DATABASE_URL at PostgreSQL itself, at a pooler in session mode, or at "
        "PgBouncer 1.22 or later with max_prepared_statements above 0",
    )


def _nothing() -> None:
    """Do nothing while a statement runs."""
