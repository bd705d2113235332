from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from psycopg.conninfo import make_conninfo

from hunt.errors import StoreError
from hunt.store.driver.connection import Connection
from hunt.store.driver.listen import Listener


@asynccontextmanager
async def encoded(postgres: str, encoding: str) -> AsyncIterator[str]:
    """Make a database that keeps text in `encoding`."""
    name = f"encoded_{uuid.uuid4().hex}"
    admin = await Connection.connect(postgres, autocommit=True)
    try:
        await admin.execute(
            f"create database {name} encoding '{encoding}' locale 'C' template template0".encode()
        )
        yield make_conninfo(postgres, dbname=name)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)".encode())
        admin.close_now()


async def notify(database: str, payload: bytes) -> None:
    conn = await Connection.connect(database, autocommit=True, client_encoding="SQL_ASCII")
    try:
        await conn.execute(b"notify here, '%b'" % payload)
    finally:
        conn.close_now()


async def test_notice_is_decoded_whatever_the_encoding_of_the_database(postgres: str) -> None:
    async with (
        encoded(postgres, "LATIN1") as database,
        Listener(database).listening(("here",)) as received,
    ):
        await notify(database, b"\xe9")
        with trio.fail_after(10):
            assert await anext(received) == ("here", "é")


async def test_notice_that_cannot_be_decoded_ends_the_connection_only(postgres: str) -> None:
    async with encoded(postgres, "SQL_ASCII") as database:
        with pytest.raises(StoreError), trio.fail_after(10):
            async with Listener(database).listening(("here",)) as received:
                await notify(database, b"\xe9")
                await anext(received)
        async with Listener(database).listening(("here",)) as received:
            await notify(database, b"e")
            with trio.fail_after(10):
                assert await anext(received) == ("here", "e")
