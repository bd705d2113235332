"""Observations of an embedded PostgreSQL from outside."""

from __future__ import annotations

from pathlib import Path

from hunt.store.driver.connection import Connection

HOLD = """
import sys, trio
from pathlib import Path
from hunt.embedded import postgres

async def main():
    async with postgres.server(Path(sys.argv[1])) as conninfo:
        print(conninfo, flush=True)
        await trio.sleep_forever()

trio.run(main)
"""


async def ask(conninfo: str, query: str) -> object:
    conn = await Connection.connect(conninfo, autocommit=True)
    try:
        row = await (await conn.execute(query)).fetchone()
    finally:
        conn.close_now()
    assert row is not None
    return row[0]


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgresql" / "postmaster.pid").read_text().split()[0])


def gone(pid: int) -> bool:
    """Return whether a process has ended; a zombie counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
