"""The schema: numbered migrations, and functions that are replaced when their text changes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from hunt.errors import StoreError
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated

#: Key of the advisory lock under which one runner at a time migrates: "hunt" in ASCII.
LOCK = 0x68756E74

#: Tables in which the database records what was applied.  `hunt_functions` keeps each
#: text that was ever applied, the newest last, so that a server of the release before
#: recognises its own.
RECORDS = (
    "create table if not exists hunt_schema ("
    " version int primary key, name text not null, checksum text not null,"
    " applied_at timestamptz not null default clock_timestamp())",
    "create table if not exists hunt_functions ("
    " number bigint generated always as identity primary key,"
    " name text not null, checksum text not null,"
    " applied_at timestamptz not null default clock_timestamp())",
)

NEWEST = "select distinct on (name) name, checksum from hunt_functions order by name, number desc"

_MIGRATION = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; never changed once it was released."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells whether a step that was applied is still the same."""
        return _checksum(self.sql)

    def __str__(self) -> str:
        return f"{self.version:04} {self.name}"


@dataclass(frozen=True, slots=True)
class Function:
    """One SQL function, with its triggers; ``create or replace``, applied after the steps."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells whether the database has this text."""
        return _checksum(self.sql)

    def __str__(self) -> str:
        return f"function {self.name}"


def _checksum(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()[:16]


def _migrations() -> tuple[Migration, ...]:
    found = []
    for each in resources.files("hunt.store").joinpath("migrations").iterdir():
        match = _MIGRATION.fullmatch(each.name)
        if match is not None:
            found.append(Migration(int(match[1]), match[2], each.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


def _functions() -> tuple[Function, ...]:
    folder = resources.files("hunt.store").joinpath("functions")
    found = [
        Function(each.name.removesuffix(".sql"), each.read_text("utf-8"))
        for each in folder.iterdir()
        if each.name.endswith(".sql")
    ]
    return tuple(sorted(found, key=lambda function: function.name))


MIGRATIONS = _migrations()
FUNCTIONS = _functions()
LATEST = MIGRATIONS[-1].version


async def current(conn: Connection) -> int:
    """Return the version of the schema, 0 where there is none."""
    with translated():
        if not await _exists(conn, "hunt_schema"):
            return 0
        cursor = await conn.execute("select coalesce(max(version), 0) from hunt_schema")
        row = await cursor.fetchone()
    assert row is not None
    version: int = row[0]
    return version


async def pending(conn: Connection) -> list[Migration | Function]:
    """Return what `migrate` would apply, in order.

    A database of a later release keeps its functions.
    """
    version = await current(conn)
    todo: list[Migration | Function] = [each for each in MIGRATIONS if each.version > version]
    if version <= LATEST:
        with translated():
            applied = dict(await _applied(conn, NEWEST))
        todo += [each for each in FUNCTIONS if applied.get(each.name) != each.checksum]
    return todo


async def lacking(conn: Connection) -> str:
    """Return what this release needs and the database lacks, as a sentence; else "".

    A function whose text was applied once, and was replaced by another release since,
    is not lacking: servers of both releases run side by side.
    """
    version = await current(conn)
    if version < LATEST:
        return f"the database has schema {version}, this release needs {LATEST}"
    if version == LATEST:
        with translated():
            applied = set(await _applied(conn, "select name, checksum from hunt_functions"))
        names = [each.name for each in FUNCTIONS if (each.name, each.checksum) not in applied]
        if names:
            return f"the database lacks this release's {', '.join(names)}"
    return ""


async def migrate(conn: Connection) -> list[str]:
    """Bring the schema up to date, in one transaction; return the names of what was applied.

    A second runner waits for the first, and then finds nothing to do.

    Raises:
        StoreError: Nothing was changed; or a step that was applied has changed since.
    """
    with translated():
        async with conn.transaction():
            await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            for table in RECORDS:
                await conn.execute(table.encode())
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
            for step in todo:
                await _apply(conn, step)
    return [str(each) for each in todo]


async def _apply(conn: Connection, step: Migration | Function) -> None:
    # Without parameters, so that one file may hold many statements.
    await conn.execute(step.sql.encode())
    if isinstance(step, Migration):
        await conn.execute(
            "insert into hunt_schema (version, name, checksum) values (%s, %s, %s)",
            (step.version, step.name, step.checksum),
        )
    else:
        await conn.execute(
            "insert into hunt_functions (name, checksum) values (%s, %s)",
            (step.name, step.checksum),
        )


async def _applied(conn: Connection, query: str) -> list[tuple[str, str]]:
    if not await _exists(conn, "hunt_functions"):
        return []
    return [
        (name, checksum) for name, checksum in await (await conn.execute(query.encode())).fetchall()
    ]


async def _exists(conn: Connection, table: str) -> bool:
    row = await (await conn.execute("select to_regclass(%s)", (table,))).fetchone()
    return row is not None and row[0] is not None
