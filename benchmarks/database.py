"""A PostgreSQL in a separate process that all servers of a benchmark share.

It is the embedded PostgreSQL with its settings, but without autovacuum: the work that one
server causes must not fall into the turn of another.  Instead each turn begins with a vacuum,
so that the planner has statistics.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import trio
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.embedded import postgres

OPTIONS = {"autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL server and one of its databases."""

    conninfo: str = field(repr=False)
    pid: int  #: process id of the postmaster

    def create(self, name: str) -> Database:
        """Return another database of the same server; empty, unless it was there before."""
        with suppress(psycopg.errors.DuplicateDatabase):
            self.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return Database(make_conninfo(self.conninfo, dbname=name), self.pid)

    def execute(self, statement: sql.Composable) -> None:
        """Run a statement by itself."""
        with psycopg.connect(self.conninfo, autocommit=True) as conn:
            conn.execute(statement)

    def settle(self) -> None:
        """Vacuum, analyze and checkpoint now, instead of during the next turn."""
        self.execute(sql.SQL("vacuum (analyze)"))
        self.execute(sql.SQL("checkpoint"))

    def url(self) -> str:
        """Return the address as a URL, for clients that accept no other form."""
        parts = conninfo_to_dict(self.conninfo)
        query = urlencode({name: parts[name] for name in ("host", "user")})
        return f"postgresql:///{parts['dbname']}?{query}"


@contextmanager
def started(folder: Path) -> Iterator[Database]:
    """Run a PostgreSQL in `folder` until the end of the block."""
    with subprocess.Popen(  # it ends when its standard input is closed
        [sys.executable, "-m", __name__, folder],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        conninfo = process.stdout.readline().strip()
        if not conninfo:
            raise SystemExit("the PostgreSQL of the benchmark did not start")
        pid = int((folder / "postgresql" / "postmaster.pid").read_text("utf-8").split()[0])
        yield Database(conninfo, pid)


async def _run(folder: Path) -> None:
    async with postgres.server(folder, options=OPTIONS) as conninfo:
        print(conninfo, flush=True)
        await trio.lowlevel.wait_readable(sys.stdin.fileno())


if __name__ == "__main__":
    trio.run(_run, Path(sys.argv[1]))
