"""The schema's migrations: numbered SQL files, applied once, in order."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from hunt.errors import StoreError
from hunt.store.connection import Connection
from hunt.store.errors import translated

#: Of the advisory lock under which one runner at a time migrates: "hunt" in ASCII.
LOCK = 0x68756E74

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; never changed once it was released."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells whether a step that was applied is still the same."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def _migrations() -> tuple[Migration, ...]:
    found = []
    for each in resources.files("hunt.store").joinpath("migrations").iterdir():
        match = _NAME.fullmatch(each.name)
        if match is not None:
            found.append(Migration(int(match[1]), match[2], each.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


MIGRATIONS = _migrations()
LATEST = MIGRATIONS[-1].version


async def current(conn: Connection) -> int:
    """Return the version of the schema, 0 where there is none."""
    with translated():
        known = await (await conn.execute("select to_regclass('hunt_schema')")).fetchone()
        if known is None or known[0] is None:
            return 0
        cursor = await conn.execute("select coalesce(max(version), 0) from hunt_schema")
        row = await cursor.fetchone()
    assert row is not None
    version: int = row[0]
    return version


async def pending(conn: Connection) -> list[Migration]:
    """Return the steps that are still to be applied, in order."""
    version = await current(conn)
    return [each for each in MIGRATIONS if each.version > version]


async def migrate(conn: Connection) -> list[str]:
    """Bring the schema up to date, in one transaction; return the names of the steps.

    A second runner waits for the first, and then finds nothing to do.

    Raises:
        StoreError: Nothing was changed; or a step that was applied has changed since.
    """
    with translated():
        async with conn.transaction():
            await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            await conn.execute(
                "create table if not exists hunt_schema ("
                " version int primary key, name text not null, checksum text not null,"
                " applied_at timestamptz not null default clock_timestamp())"
            )
            rows = await (
                await conn.execute("select version, checksum from hunt_schema")
            ).fetchall()
            applied = dict(rows)
            for each in MIGRATIONS:
                if applied.get(each.version, each.checksum) != each.checksum:
                    raise StoreError(
                        f"migration {each.version} was applied in another form: "
                        "this is not the database of this release"
                    )
            todo = await pending(conn)
            for each in todo:
                # Without parameters, so that one file may hold many statements.
                await conn.execute(each.sql.encode())
                await conn.execute(
                    "insert into hunt_schema (version, name, checksum) values (%s, %s, %s)",
                    (each.version, each.name, each.checksum),
                )
    return [each.name for each in todo]
