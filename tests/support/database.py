"""A PostgreSQL server for a test run."""

from __future__ import annotations

from psycopg import sql

from hunt.store.driver.connection import Connection

# The server outlives every test's event loop, so it is a process of its own.
SERVER = """
import signal, sys, trio
from pathlib import Path
from hunt.embedded import postgres

async def main():
    folder, options = Path(sys.argv[1]), {"hba_file": sys.argv[2]}
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with postgres.server(folder, options=options) as conninfo:
            print(conninfo, flush=True)
            async for _ in signals:
                return

trio.run(main)
"""


async def execute(conninfo: str, *statements: sql.Composable) -> None:
    conn = await Connection.connect(conninfo, autocommit=True)
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        conn.close_now()
