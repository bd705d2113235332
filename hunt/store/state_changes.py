"""Changes of a hunt's state, under the lock on its row."""

from __future__ import annotations

from hunt.core.hunts import State
from hunt.errors import WrongState
from hunt.store.audit import record_change
from hunt.store.definitions import Found, has_passed
from hunt.store.driver.connection import Connection

#: Actor in the audit trail of a hunt that ended by its ``closes_at``.  No token can have this
#: ``sub``.
BY_CLOCK = "hunt (closes_at)"

# After a wait for the row lock PostgreSQL evaluates the condition again, so a hunt that was
# extended meanwhile stays open.
END_DUE = """
    with due as (
        select number, state from hunts
         where id = %(hunt)s and state in ('open', 'paused') and closes_at <= clock_timestamp()
           for no key update
    ), ended as (
        update hunts h set state = 'closed', ended_at = clock_timestamp(), ended_by = %(by)s
          from due d where h.number = d.number
        returning h.id, h.closes_at, h.ended_at, d.state as before
    )
    insert into audit (at, actor, action, hunt, detail)
    select ended_at, %(by)s, 'closed', id, jsonb_build_object(
               'before', before, 'after', 'closed', 'closes_at', hunt_time(closes_at))
      from ended
"""

END = """
    update hunts set state = 'closed', ended_at = clock_timestamp(), ended_by = %s
     where number = %s
"""


async def end_due(conn: Connection, hunt: str) -> bool:
    """Record the end of a hunt that is due; see `hunt.store.hunts.Hunts.end_due`."""
    done = await conn.execute(END_DUE, {"hunt": hunt, "by": BY_CLOCK})
    return done.rowcount > 0


async def move(conn: Connection, found: Found, state: State, actor: str) -> bool:
    """Set the state of a locked hunt, with an audit entry; return False if it has it already.

    Raises:
        WrongState: Its present state or its times do not allow the change.
    """
    hunt = found.definition.id
    if found.state == state:
        return False
    if found.state == "closed":
        raise WrongState(f"hunt {hunt!r} has ended, and its end is final")
    if found.state == "draft" and state != "open":
        raise WrongState(f"hunt {hunt!r} is a draft: open it, or delete it")
    if state == "open" and found.lacks_share:
        raise WrongState(
            f"hunt {hunt!r} lacks its second share: enter it with 'hunt seed-share {hunt}' first"
        )
    if state == "closed":
        await conn.execute(END, (actor, found.number))
    elif await has_passed(conn, found.definition.closes_at):
        raise WrongState(f"closes_at of hunt {hunt!r} has passed: give it a later one first")
    else:
        await conn.execute("update hunts set state = %s where number = %s", (state, found.number))
    await record_change(conn, actor, state, hunt, before=found.state, after=state)
    return True
