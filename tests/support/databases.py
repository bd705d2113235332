"""Databases of tests: copies of a template, emptied after a test and used again.

A copy takes PostgreSQL 50 to 800 milliseconds and 9 MB of disk, and its removal as much.
"""

from __future__ import annotations

import time
import uuid
from typing import NamedTuple

import psycopg
import trio
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hunt.store import schema
from hunt.store.driver.connection import Connection

#: Growth in bytes after which a database is not used again: dead rows would slow the next test.
_GROWTH = 2 * 1024 * 1024
_PATIENCE = 10.0  # seconds for sessions to end that were told to
_POLL = 0.002

# Counts and sums change with every object that is made, changed or dropped.  Two changes of normal
# use are left out: schemas for temporary tables of sessions, and the flag of the log and its
# indexes that they had a partition.
_CATALOGUES = (
    "pg_attrdef", "pg_constraint", "pg_event_trigger", "pg_extension", "pg_foreign_server",
    "pg_policy", "pg_proc", "pg_publication", "pg_rewrite", "pg_statistic_ext", "pg_trigger",
    "pg_type",
    "pg_namespace where nspname !~ '^pg_(toast_)?temp_'",
    "pg_class where relkind not in ('p', 'I')",
)  # fmt: skip
_OBJECTS = " union all ".join(
    [
        f"select count(*), sum(oid::bigint), sum(xmin::text::bigint) from {each}"
        for each in _CATALOGUES
    ]
    + [
        f"select count(*), 0, sum(xmin::text::bigint) from {each}"
        for each in ("pg_attribute", "pg_index")
    ]
    + [
        "select count(*), sum(oid::bigint), sum(hashtext(concat(relname, relowner, relacl,"
        " reloptions, relrowsecurity))) from pg_class where relkind in ('p', 'I')"
    ]
)
_PARTITIONS = """
    select string_agg(format('drop table %%s', oid::regclass), '; ') from pg_class
     where relispartition and relkind = 'r' and oid <> all(%s)
"""
_SETTINGS = """
    select datacl::text, datconnlimit, datallowconn,
           (select array_agg(setconfig) from pg_db_role_setting where setdatabase = d.oid),
           (select count(*) from pg_largeobject_metadata)
      from pg_database as d where datname = current_database()
"""
_SIZE = """
    select coalesce(sum(pg_relation_size(oid)), 0)::bigint from pg_class
     where relkind in ('r', 'i', 't') and oid >= 16384
"""
_TABLES = """
    select format('%I.%I', nspname, relname)
      from pg_class as c join pg_namespace as n on n.oid = relnamespace
     where relkind = 'r' and c.oid >= 16384 and nspname !~ '^pg_' order by 1
"""
_SEQUENCES = """
    select string_agg(
               format('select setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename),
                   coalesce(last_value, start_value), last_value is not null),
               '; ')
      from pg_sequences
"""
_END_SESSIONS = """
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()
"""


class _Template(NamedTuple):
    """The state to which a database returns."""

    objects: list[tuple[object, ...]]
    partitions: list[int]  #: of the log, by their oid
    size: int
    kept: str  #: query of the rows that a migrated database has
    rows: list[tuple[object, ...]]
    empty: str  #: statements that delete all other rows


class Databases:
    """Fresh databases for tests.

    A database that a test has changed in more than its rows is dropped, not used again: see
    :data:`_CATALOGUES`.  Each use has another name, so that a process which outlives its test
    cannot come back.
    """

    def __init__(self, postgres: str, template: str) -> None:
        self._postgres, self._template = postgres, template
        self._free: list[str] = []
        self._state: _Template | None = None

    def take(self) -> str:
        """Return the name of a database in the state of the template."""
        name = f"test_{uuid.uuid4().hex}"
        with self._connect() as conn:
            while self._free:
                old = self._free.pop()
                try:
                    _execute(conn, "alter database {} rename to {}", old, name)
                except psycopg.errors.ObjectInUse:  # by a process that outlived its test
                    self._drop(old)
                else:
                    return name
            _execute(conn, "create database {} template {}", name, self._template)
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next test, or drop it."""
        if self._emptied(name):
            self._free.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop all databases that were given back."""
        while self._free:
            self._drop(self._free.pop())

    def _emptied(self, name: str) -> bool:
        if self._state is None:
            with self._connect(self._template) as conn:
                self._state = _read(conn)
        state = self._state
        try:
            with self._connect(name) as conn:
                deadline = time.monotonic() + _PATIENCE
                while conn.execute(_END_SESSIONS).fetchall():
                    if time.monotonic() > deadline:
                        return False
                    time.sleep(_POLL)
                [(drop,)] = conn.execute(_PARTITIONS, (state.partitions,)).fetchall()
                if drop is not None:
                    conn.execute(drop)
                if _objects(conn) != state.objects or _number(conn, _SIZE) > state.size + _GROWTH:
                    return False
                conn.execute(state.empty)
                return conn.execute(state.kept).fetchall() == state.rows
        except (psycopg.OperationalError, psycopg.errors.DependentObjectsStillExist):
            return False  # the test has dropped it, or made a view of the log

    def _drop(self, name: str) -> None:
        with self._connect() as conn:
            _execute(conn, "drop database if exists {} with (force)", name)

    def _connect(self, name: str | None = None) -> psycopg.Connection:
        given = {} if name is None else {"dbname": name}
        return psycopg.connect(make_conninfo(self._postgres, **given), autocommit=True)


def make_template(postgres: str) -> str:
    """Make a database with the schema; return its name."""
    name = f"template_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as conn:
        _execute(conn, "create database {}", name)

    async def migrate() -> None:
        conn = await Connection.connect(make_conninfo(postgres, dbname=name), autocommit=True)
        try:
            await schema.migrate(conn)
        finally:
            conn.close_now()

    trio.run(migrate)
    return name


def _read(conn: psycopg.Connection) -> _Template:
    tables = [name for (name,) in conn.execute(_TABLES)]
    held = [name for name in tables if _number(conn, f"select count(*) from {name}")]
    kept = " union all ".join(
        f"select '{name}', md5(string_agg(t::text, ' ' order by t::text)) from {name} as t"
        for name in held
    )
    [(sequences,)] = conn.execute(_SEQUENCES).fetchall()
    # As a replica, it checks no foreign keys and fires no triggers.
    statements = ["set session_replication_role = replica"]
    statements += [f"delete from {name}" for name in tables if name not in held]
    statements += [sequences] if sequences else []
    return _Template(
        _objects(conn),
        [oid for (oid,) in conn.execute("select oid from pg_class where relispartition")],
        _number(conn, _SIZE),
        kept,
        conn.execute(kept).fetchall(),
        "; ".join(statements),
    )


def _objects(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    return [*conn.execute(_OBJECTS), *conn.execute(_SETTINGS)]


def _number(conn: psycopg.Connection, query: str) -> int:
    [(found,)] = conn.execute(query).fetchall()
    return int(found)


def _execute(conn: psycopg.Connection, statement: str, *names: str) -> None:
    conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
