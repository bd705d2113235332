"""Create many hunts and long logs directly in the database."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import trio
from psycopg import sql

from hunt.core.definition import Definition
from hunt.core.fairness import new_seed
from hunt.core.hunt_file import parse
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts

#: Rows of one insert.
CHUNK = 250_000

#: Number of players of the inserted rows.
PLAYERS = 5_000

FILL = """
    insert into {log} (hunt, seq, click_id, player, x, y, prize, points, at)
    select {number}, seq, gen_random_uuid(), 'player-' || seq % {players},
           random() * 100, random() * 100, case when seq % 5 = 0 then 'gold' end,
           case when seq % 5 = 0 then 100 else 0 end, clock_timestamp()
      from generate_series({first}::bigint, {last}::bigint) as seq
"""


def make_hunts(conninfo: str, file: Path, ids: Sequence[str]) -> None:
    """Create and open hunts like the one in `file`; the schema must exist."""
    definition = parse(file.read_text("utf-8"))
    trio.run(
        _make,
        conninfo,
        [replace(definition, id=each, test=each.startswith("test-")) for each in ids],
    )


async def _make(conninfo: str, definitions: Sequence[Definition]) -> None:
    async with open_pool(conninfo, size=1) as pool:
        hunts = Hunts(pool)
        for number, each in enumerate(definitions, 1):
            await hunts.apply(each, seed=new_seed(os.urandom), actor="benchmark")
            await hunts.open(each.id)
            _say(f"{number:,} of {len(definitions):,} hunts")


def fill(conninfo: str, hunt: str, rows: int) -> None:
    """Extend the log of a hunt to `rows` rows; this may take minutes."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        query = "select number, last_seq from hunts where id = %s"
        found = conn.execute(query, (hunt,)).fetchone()
        assert found is not None, "made before"
        if found[1] >= rows:
            return
        conn.execute("delete from rewards where hunt = %s", (found[0],))  # of an interrupted fill
        log = sql.Identifier(f"rewards_{found[0]}")
        # Rare checkpoints, only here: each checkpoint rewrites the index pages.
        conn.execute("alter system set max_wal_size = '16GB'")
        conn.execute("select pg_reload_conf()")
        conn.execute("set synchronous_commit = off")
        began = time.perf_counter()
        for first in range(1, rows + 1, CHUNK):
            last = min(first + CHUNK - 1, rows)
            values = {"number": found[0], "players": PLAYERS, "first": first, "last": last}
            literals = {name: sql.Literal(value) for name, value in values.items()}
            conn.execute(sql.SQL(FILL).format(log=log, **literals))
            passed = time.perf_counter() - began
            _say(f"{last:,} of {rows:,} rows, {last / passed:,.0f} a second")
        conn.execute("update hunts set last_seq = %s where number = %s", (rows, found[0]))
        _say("vacuum")
        conn.execute(sql.SQL("vacuum (analyze) {}").format(log))
        conn.execute("alter system reset max_wal_size")
        conn.execute("select pg_reload_conf()")
        conn.execute("checkpoint")
        _say("")


def _say(text: str) -> None:
    """Show progress on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
