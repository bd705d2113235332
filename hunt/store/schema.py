"""The schema: numbered migrations, and functions that are replaced when their text changes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from hunt.errors import StoreError
from hunt.store.audit import record_change
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated

#: Key of the advisory lock of `migrate`: "hunt" in ASCII.
LOCK = 0x68756E74

#: Tables that record the applied steps.  `hunt_functions` keeps a row for every text of a
#: function that was ever applied, so a server of the previous release finds its own there.
RECORDS = (
    "create table if not exists hunt_schema ("
    " version int primary key, name text not null, checksum text not null,"
    " applied_at timestamptz not null default clock_timestamp())",
    "create table if not exists hunt_functions ("
    " number bigint generated always as identity primary key,"
    " name text not null, checksum text not null,"
    " applied_at timestamptz not null default clock_timestamp())",
)

RECORD_MIGRATION = "insert into hunt_schema (version, name, checksum) values (%s, %s, %s)"
RECORD_FUNCTION = "insert into hunt_functions (name, checksum) values (%s, %s)"

NEWEST = "select distinct on (name) name, checksum from hunt_functions order by name, number desc"

_MIGRATION = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Step:
    """A migration, or a function with its triggers."""

    name: str
    sql: str
    version: int | None = None  #: of a migration, >= 1; None for a function

    @property
    def checksum(self) -> str:
        """The identity of the text, to compare with what the database has."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        if self.version is None:
            return f"function {self.name}"
        return f"{self.version:04} {self.name}"

    async def apply(self, conn: Connection) -> None:
        """Run the step, and record that."""
        # Without parameters, so that one file may hold many statements.
        await conn.execute(self.sql.encode())
        if self.version is None:
            await conn.execute(RECORD_FUNCTION, (self.name, self.checksum))
        else:
            await conn.execute(RECORD_MIGRATION, (self.version, self.name, self.checksum))


def _migrations() -> dict[int, Step]:
    found = {}
    for each in resources.files("hunt.store").joinpath("migrations").iterdir():
        match = _MIGRATION.fullmatch(each.name)
        if match is not None:
            found[int(match[1])] = Step(match[2], each.read_text("utf-8"), int(match[1]))
    return dict(sorted(found.items()))


def _functions() -> tuple[Step, ...]:
    folder = resources.files("hunt.store").joinpath("functions")
    found = [
        Step(each.name.removesuffix(".sql"), each.read_text("utf-8"))
        for each in folder.iterdir()
        if each.name.endswith(".sql")
    ]
    return tuple(sorted(found, key=lambda function: function.name))


#: Never changed once they were released; by version, in order.
MIGRATIONS = _migrations()

#: Applied after the migrations, each as ``create or replace``.
FUNCTIONS = _functions()

LATEST = max(MIGRATIONS)


async def current(conn: Connection) -> int:
    """Return the version of the schema, 0 for a database without one."""
    with translated():
        if not await _exists(conn, "hunt_schema"):
            return 0
        cursor = await conn.execute("select coalesce(max(version), 0) from hunt_schema")
        row = await cursor.fetchone()
    assert row is not None
    version: int = row[0]
    return version


async def pending(conn: Connection) -> list[Step]:
    """Return the steps that `migrate` would apply, in order.

    A database of a later release keeps its functions.
    """
    version = await current(conn)
    todo = [step for number, step in MIGRATIONS.items() if number > version]
    if version <= LATEST:
        with translated():
            applied = dict(await _applied(conn, NEWEST))
        todo += [each for each in FUNCTIONS if applied.get(each.name) != each.checksum]
    return todo


async def lacking(conn: Connection) -> str:
    """Return a sentence that names what the database lacks for this release; "" if nothing.

    A function that another release has replaced is not lacking, because servers of both
    releases run side by side.
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


async def migrate(conn: Connection, *, actor: str | None = None) -> list[str]:
    """Bring the schema up to date in one transaction; return the names of the applied steps.

    Safe to call from several processes at once: one waits for the other, and applies nothing.

    Args:
        conn: A connection without a transaction.
        actor: Name of the operator, for the audit trail; None: no operator asked for it.

    Raises:
        StoreError: Nothing was changed.  The database failed, or a migration in it has
            another text than the one of this release.
    """
    with translated():
        async with conn.transaction():
            await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            for table in RECORDS:
                await conn.execute(table.encode())
            applied = await conn.execute("select version, checksum from hunt_schema")
            for version, checksum in await applied.fetchall():
                if version in MIGRATIONS and MIGRATIONS[version].checksum != checksum:
                    raise StoreError(
                        f"migration {version} was applied with another text: "
                        "create the database anew, or run the release that made it"
                    )
            before, todo = await current(conn), await pending(conn)
            for step in todo:
                await step.apply(conn)
            if todo and actor is not None:
                await record_change(
                    conn, actor, "migrate", None,
                    before={"schema": before}, after={"schema": await current(conn)},
                    steps=[str(each) for each in todo],
                )  # fmt: skip
    return [str(each) for each in todo]


async def _applied(conn: Connection, query: str) -> list[tuple[str, str]]:
    if not await _exists(conn, "hunt_functions"):
        return []
    rows = await (await conn.execute(query.encode())).fetchall()
    return [(name, checksum) for name, checksum in rows]


async def _exists(conn: Connection, table: str) -> bool:
    row = await (await conn.execute("select to_regclass(%s)", (table,))).fetchone()
    return row is not None and row[0] is not None
