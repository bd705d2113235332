"""Epochs of the logs: a new one begins where a seq may have been assigned twice."""

from __future__ import annotations

import secrets

from hunt.store.audit import record_change
from hunt.store.driver.connection import Connection

LOCK_ALL = "select id, epoch from hunts order by id for update"

# Returns no row unless the log is still of this epoch and ends before the given seq.
LOCK_LOST = """
    select last_seq from hunts where id = %s and epoch = %s and last_seq < %s for update
"""

SET = "update hunts set epoch = %s where id = %s"


def new_epoch() -> str:
    """Return a random name for a new epoch."""
    return "k" + secrets.token_hex(4)


async def begin_all(conn: Connection, actor: str) -> dict[str, str]:
    """Begin a new epoch of every log; see `hunt.store.hunts.Hunts.new_epochs`."""
    rows = await (await conn.execute(LOCK_ALL)).fetchall()
    return {hunt: await _begin(conn, hunt, actor, before) for hunt, before in rows}


async def begin_after_loss(conn: Connection, hunt: str, epoch: str, known: int) -> bool:
    """Begin a new epoch of one log; see `hunt.store.hunts.Hunts.begin_epoch`."""
    row = await (await conn.execute(LOCK_LOST, (hunt, epoch, known))).fetchone()
    if row is None:
        return False
    await _begin(conn, hunt, "hunt", epoch, known=known, last_seq=row[0])
    return True


async def _begin(conn: Connection, hunt: str, actor: str, before: str, **more: int) -> str:
    epoch = new_epoch()
    await conn.execute(SET, (epoch, hunt))
    await record_change(conn, actor, "epoch", hunt, before=before, after=epoch, **more)
    return epoch
