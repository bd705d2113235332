"""One PostgreSQL for a test run, and a fresh database for each test that asks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hunt.store import schema
from hunt.store.connection import Connection

# The server outlives every test's event loop, so it is a process of its own.
SERVER = """
import signal, sys, trio
from pathlib import Path
from hunt.store import embedded

async def main():
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with embedded.server(Path(sys.argv[1])) as conninfo:
            print(conninfo, flush=True)
            async for _ in signals:
                return

trio.run(main)
"""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the connection string of a superuser on a real server."""
    given = os.environ.get("HUNT_TEST_POSTGRES")
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hunt-test-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen([sys.executable, "-c", SERVER, folder], stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            conninfo = process.stdout.readline().decode().strip()
            assert conninfo, "the embedded server did not start"
            yield conninfo
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


async def _execute(conninfo: str, *statements: sql.Composable) -> None:
    conn = await Connection.connect(conninfo, autocommit=True)
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        conn.close_now()


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """Yield the name of a database with the schema, to be copied."""
    name = f"template_{uuid.uuid4().hex}"
    trio.run(_execute, postgres, sql.SQL("create database {}").format(sql.Identifier(name)))

    async def migrate() -> None:
        conn = await Connection.connect(make_conninfo(postgres, dbname=name), autocommit=True)
        try:
            await schema.migrate(conn)
        finally:
            conn.close_now()

    trio.run(migrate)
    yield name
    drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
    trio.run(_execute, postgres, drop)


@pytest.fixture
def database(postgres: str, template: str) -> Iterator[str]:
    """Yield the connection string of a database of this test's own."""
    yield from _copy(postgres, template)


@pytest.fixture(scope="module")
def shared_database(postgres: str, template: str) -> Iterator[str]:
    """Yield the connection string of a database for all tests of a module."""
    yield from _copy(postgres, template)


@pytest.fixture
def other_database(postgres: str, template: str) -> Iterator[str]:
    """Yield the connection string of a second one."""
    yield from _copy(postgres, template)


def _copy(postgres: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    create = sql.SQL("create database {} template {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    trio.run(_execute, postgres, create)
    yield make_conninfo(postgres, dbname=name)
    drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
    trio.run(_execute, postgres, drop)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return where Chromium is; skip without it, unless no test may be skipped."""
    return str(required(Path("/usr/bin/chromium"), "Debian's chromium is not installed"))


def required(path: Path, missing: str) -> Path:
    """Return `path`; where there is nothing, skip the test, unless none may be skipped."""
    if not path.exists():
        if os.environ.get("HUNT_TEST_REQUIRE") == "all":
            pytest.fail(missing)
        pytest.skip(missing)
    return path
