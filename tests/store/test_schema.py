"""Migrations and functions of the schema."""

from __future__ import annotations

import uuid

import psycopg
import pytest
import trio

from hunt.errors import StoreError
from hunt.store import schema
from hunt.store.driver.connection import Connection
from tests.support.connections import connected


async def test_migrating_twice_or_at_once_applies_each_step_once(postgres: str) -> None:
    name = f"fresh_{uuid.uuid4().hex}"
    async with connected(postgres) as admin:
        await admin.execute(f"create database {name}")
        fresh = psycopg.conninfo.make_conninfo(postgres, dbname=name)
        try:
            applied: list[list[str]] = []
            async with connected(fresh) as one, connected(fresh) as two:
                assert await schema.current(one) == 0
                everything = [*schema.MIGRATIONS.values(), *schema.FUNCTIONS]
                assert await schema.pending(one) == everything

                async def migrate(conn: Connection) -> None:
                    applied.append(await schema.migrate(conn))

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(migrate, one)
                    nursery.start_soon(migrate, two)
                assert sorted(applied) == [[], [str(each) for each in everything]]
                assert await schema.current(two) == schema.LATEST
                await one.execute("update hunt_schema set checksum = 'other'")
                with pytest.raises(StoreError, match="another text"):
                    await schema.migrate(one)
        finally:
            await admin.execute(f"drop database {name} with (force)")


async def test_migrate_replaces_a_function_whose_text_changed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = schema.FUNCTIONS
    changed = schema.Step(
        "hunt_time", next(each.sql for each in released if each.name == "hunt_time") + "-- later\n"
    )
    later = tuple(changed if each.name == "hunt_time" else each for each in released)
    async with connected(database) as conn:
        assert await schema.migrate(conn) == []
        monkeypatch.setattr(schema, "FUNCTIONS", later)
        assert await schema.pending(conn) == [changed]
        assert await schema.lacking(conn) == "the database lacks this release's hunt_time"
        assert await schema.migrate(conn) == ["function hunt_time"]
        assert not await schema.lacking(conn)
        # A server of the previous release may still start; its migrate restores its functions.
        monkeypatch.setattr(schema, "FUNCTIONS", released)
        assert not await schema.lacking(conn)
        assert await schema.migrate(conn) == ["function hunt_time"]
        # A database with a later schema keeps its functions.
        await conn.execute(
            "insert into hunt_schema (version, name, checksum) values (%s, 'later', '')",
            (schema.LATEST + 1,),
        )
        monkeypatch.setattr(schema, "FUNCTIONS", later)
        assert await schema.pending(conn) == []
        assert not await schema.lacking(conn)
