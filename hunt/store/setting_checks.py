"""Checks of a database by its settings; `hunt.store.connection_checks` tries the rest."""

from __future__ import annotations

from dataclasses import dataclass

from hunt.store import schema
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated

#: Only this encoding can hold every title of a hunt.
ENCODING_CURE = "create the database with encoding UTF8 (createdb -E UTF8 -T template0)"

OLDEST = 140000  # `server_version_num` of PostgreSQL 14


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    ok: bool
    detail: str  #: what the check found, for operators
    cure: str  #: how to repair it; empty if `ok`


async def check(conn: Connection) -> list[Finding]:
    """Check the settings, and return all findings.

    Raises:
        StoreError: The database did not answer.
    """
    with translated():
        cursor = await conn.execute(
            "select current_setting('server_version_num')::int, current_setting('server_version'),"
            " current_setting('fsync'), current_setting('full_page_writes'),"
            " current_setting('synchronous_commit'), pg_is_in_recovery(),"
            " current_setting('transaction_read_only'), current_setting('server_encoding')"
        )
        row = await cursor.fetchone()
        lacking = await schema.lacking(conn)
    assert row is not None
    number, server, fsync, full_page_writes, synchronous_commit, standby, read_only, encoding = row
    return [
        finding("version", number >= OLDEST, f"PostgreSQL {server}", "use PostgreSQL 14 or later"),
        finding("encoding", encoding == "UTF8", f"encoding {encoding}", ENCODING_CURE),
        finding(
            "fsync",
            fsync == "on",
            f"fsync is {fsync}",
            "set fsync = on in postgresql.conf: with off, a crash of the machine loses rewards",
        ),
        finding(
            "full_page_writes",
            full_page_writes == "on",
            f"full_page_writes is {full_page_writes}",
            "set full_page_writes = on in postgresql.conf: with off, a crash damages the log",
        ),
        finding(
            "synchronous_commit",
            synchronous_commit != "off",
            f"synchronous_commit is {synchronous_commit}",
            "set synchronous_commit = on for this server, database and user: with off, "
            "answered clicks may be lost",
        ),
        finding(
            "writable",
            not standby and read_only == "off",
            "a standby or read-only server" if standby or read_only == "on" else "writable",
            "point HUNT_DATABASE_URL at the primary, or name all hosts with "
            "target_session_attrs=read-write",
        ),
        finding(
            "schema",
            not lacking,
            lacking or f"schema {schema.LATEST}",
            "run 'hunt migrate'",
        ),
    ]


def finding(name: str, ok: bool, detail: str, cure: str) -> Finding:
    """Return a finding; `cure` is dropped if `ok`."""
    return Finding(name, ok, detail, "" if ok else cure)
