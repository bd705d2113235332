"""How long a call may take: our deadline, and below it the server's own.

A backend whose client has closed the connection works on until it next looks at its
socket, and one that waits for a lock never looks.  So each session of ours gives up in
the server before we give up here, and is then of use again.
"""

from __future__ import annotations

import psycopg
from psycopg import errors as pg

#: Seconds in which a server answers a call; past them the connection is closed.
CALL = 2.0

#: Seconds that a statement takes at most: less than `CALL`.
STATEMENT = 1.75

#: Seconds that it waits for one lock.  Whoever wants a row that is locked waits twice, to
#: be the next and then for the row; together that is less than `STATEMENT`, so that a lock
#: on one hunt is known from a server that is slow.
LOCK = 0.8

#: Seconds for work that reads or changes much, and that no player waits for.
LONG = 30.0

#: Seconds after which a transaction ends in which nothing happens: its client is gone.
IDLE = 10.0

#: Seconds between two looks of a working backend at whether its client is still there.
CHECK = 1.0

# Settings that are shorter already stay.  Behind a pooler a session is shared with others, and
# is left as it is: there the process id that the pooler gave us is not the backend's.
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
    """Give a new session its limits.

    Raises:
        psycopg.Error: It cannot have them.
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
    """Let the statements of the present transaction take longer.

    Args:
        conn: In a transaction.
        seconds: For each statement, as our own deadline has it.
    """
    statement, lock = int(seconds * 900), int(seconds * 300)
    await conn.execute(_LOCAL, (f"{statement}ms", f"{lock}ms"), prepare=False)
