"""Deletion of hunts: at once without clicks, in steps for a test hunt with clicks."""

from __future__ import annotations

from hunt.errors import WrongState
from hunt.store.audit import record_change
from hunt.store.definitions import Found, existing
from hunt.store.driver.connection import Connection

PURGE = "select hunt_purge(%s, %s)"

#: Rows of each table that one step of a purge deletes.
PURGED = 5000


async def deletable(conn: Connection, hunt: str) -> Found:
    """Return a hunt that may be deleted, with its row locked.

    Raises:
        HuntNotFound: There is no such hunt.
        WrongState: It has clicks, and is no test hunt.
    """
    found = await existing(conn, hunt)
    if found.last_seq and not found.definition.test:
        raise has_clicks(hunt)
    return found


def has_clicks(hunt: str) -> WrongState:
    """Return the error for a hunt that cannot be deleted because of its clicks."""
    return WrongState(f"hunt {hunt!r} has clicks and cannot be deleted")


async def purge(conn: Connection, found: Found) -> int:
    """Delete some rows of a closed test hunt; return how many."""
    row = await (await conn.execute(PURGE, (found.number, PURGED))).fetchone()
    assert row is not None
    return int(row[0])


async def delete(conn: Connection, found: Found, actor: str) -> None:
    """Delete a locked hunt, whose log is empty."""
    hunt = found.definition.id
    await conn.execute("select hunt_delete(%s)", (found.number,))
    await record_change(conn, actor, "delete", hunt, before=found.state, after=None)
