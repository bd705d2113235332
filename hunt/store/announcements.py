"""Announcements in the database: the last one of each hunt."""

from __future__ import annotations

from hunt.core import announcements
from hunt.core.announcements import Announcement
from hunt.errors import InvalidRequest, WrongState
from hunt.store.audit import record_change
from hunt.store.definitions import Found, existing
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

BEFORE = "select text from announcements where hunt = %s"

ANNOUNCE = """
    insert into announcements as a (hunt, number, text, at)
    values (%s, 1, %s, clock_timestamp())
    on conflict (hunt) do update set number = a.number + 1, text = excluded.text, at = excluded.at
    returning number, text, at
"""

#: Makes every process read the hunts.
NOTIFY = "select pg_notify('hunt_hunts', %s)"


class Announcements:
    """Announcements in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def announce(self, hunt: str, text: str | None, *, actor: str) -> Announcement:
        """Replace the announcement of a hunt, or withdraw it; every stream is notified.

        Args:
            hunt: Id of the hunt.
            text: The message; None withdraws the last one.
            actor: Name of the operator, for the audit trail.

        Raises:
            InvalidRequest: The text cannot be announced.
            HuntNotFound: There is no such hunt.
            WrongState: It has ended.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await existing(conn, hunt)
                return await announce(conn, found, text, actor)


async def announce(conn: Connection, found: Found, text: str | None, actor: str) -> Announcement:
    """Replace the announcement of a locked hunt; see `Announcements.announce`."""
    problem = None if text is None else announcements.wrong(text)
    if problem is not None:
        raise InvalidRequest(f"the announcement {problem}", errors={"text": problem})
    hunt = found.definition.id
    if found.state == "closed":
        raise WrongState(f"hunt {hunt!r} has ended: players no longer get announcements")
    before = await (await conn.execute(BEFORE, (found.number,))).fetchone()
    row = await (await conn.execute(ANNOUNCE, (found.number, text))).fetchone()
    assert row is not None
    old = None if before is None else before[0]
    await record_change(conn, actor, "announce", hunt, before=old, after=text)
    await conn.execute(NOTIFY, (hunt,))
    return Announcement(*row)
