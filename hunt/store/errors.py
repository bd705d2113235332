"""What an error of psycopg means, in hunt's terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreUnavailable,
)

#: The server said so itself, so nothing was recorded: by the first two
#: characters of SQLSTATE (PostgreSQL documentation, appendix A).
_UNAVAILABLE_CLASSES = {
    "53",  # insufficient resources: connections, disk, memory
    "57",  # operator intervention: shutting down, starting up
    "58",  # system error
    "08",
    "28",  # authorisation
    "3D",  # no such database
}
_REJECTED_CLASSES = {
    "22",  # data exception
    "23",  # integrity constraint
    "P0",  # raised by PL/pgSQL
}


def translate(exc: psycopg.Error) -> StoreError | None:
    """Return hunt's error for `exc`, or None for a bug of ours."""
    message = (exc.diag.message_primary if exc.sqlstate else str(exc)) or type(exc).__name__
    state = exc.sqlstate
    if state is None:
        if isinstance(exc, psycopg.OperationalError | psycopg.InterfaceError):
            return StoreLost(message)
        return None
    if isinstance(exc, pg.ReadOnlySqlTransaction):
        return StoreReadOnly(message)
    if isinstance(exc, pg.SerializationFailure | pg.DeadlockDetected | pg.InvalidSqlStatementName):
        return StoreConflict(message)
    if isinstance(exc, pg.QueryCanceled | pg.LockNotAvailable):
        return BatchTimeout(message)
    if isinstance(exc, pg.AdminShutdown | pg.CrashShutdown):
        # The backend was ended while it worked for us, perhaps after its commit.
        return StoreLost(message)
    if state[:2] in _REJECTED_CLASSES:
        return BatchRejected(message)
    if state[:2] in _UNAVAILABLE_CLASSES:
        return StoreUnavailable(message)
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into hunt's; what is a bug of ours passes as it is."""
    try:
        yield
    except psycopg.Error as exc:
        error = translate(exc)
        if error is None:
            raise
        raise error from exc
