"""Time limits of a call: hunt's own deadline, and shorter ones in the server.

A backend whose client has closed the connection goes on until it next checks its socket,
and one that waits for a lock never checks.  Therefore the server's limits are shorter than
hunt's deadline: the server ends the call, and the session can be used again.
"""

from __future__ import annotations

import psycopg
from psycopg import errors as pg

#: Deadline of a call, in seconds; after it the connection is closed.
CALL = 2.0

#: Longest time for a statement, in seconds: less than `CALL`.
STATEMENT = 1.75

#: Longest wait for one lock, in seconds.  A statement waits twice for a locked row: to become
#: the next in the queue, and for the row.  Both waits together are shorter than `STATEMENT`,
#: so the error shows whether one hunt is locked or the server is slow.
LOCK = 0.8

#: Deadline, in seconds, of longer work for which no player waits.
LONG = 30.0

#: Seconds after which the server ends an idle transaction: its client is gone.
IDLE = 10.0

#: Seconds between two checks of a working backend whether its client is connected.
CHECK = 1.0

# Shorter limits stay.  So do the limits of a pooler's session, which other clients share: there
# the connection's process id is not that of the backend.
_LIMIT = """
    select set_config(name, most || 'ms', false)
      from unnest(%s::text[], %s::int[]) as limits (name, most)
     where pg_backend_pid() = %s
       and extract(epoch from current_setting(name)::interval) * 1000 not between 1 and most
"""

_LOCAL = """
    select set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)
"""


async def limit(conn: psycopg.AsyncConnection[object]) -> None:
    """Set the limits of a new session.

    Raises:
        psycopg.Error: The server refuses them.
    """
    limits = {
        "lock_timeout": LOCK,
        "statement_timeout": STATEMENT,
        "idle_in_transaction_session_timeout": IDLE,
        "client_connection_check_interval": CHECK,
    }
    try:
        await _set(conn, limits)
    except pg.InvalidParameterValue:  # not on every operating system
        del limits["client_connection_check_interval"]
        await _set(conn, limits)


async def _set(conn: psycopg.AsyncConnection[object], limits: dict[str, float]) -> None:
    most = [int(seconds * 1000) for seconds in limits.values()]
    await conn.execute(_LIMIT, (list(limits), most, conn.pgconn.backend_pid), prepare=False)


async def extend(conn: psycopg.AsyncConnection[object], seconds: float) -> None:
    """Raise the limits for the rest of a transaction.

    Args:
        conn: A connection in a transaction.
        seconds: Deadline of each statement.
    """
    statement, lock = int(seconds * 900), int(seconds * 300)
    await conn.execute(_LOCAL, (f"{statement}ms", f"{lock}ms"), prepare=False)
