"""Translation of psycopg's errors into hunt's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    HuntFailed,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreUnavailable,
)
from hunt.store.driver.sqlstates import Meaning, rule

#: The error for each meaning of a SQLSTATE.
ERRORS: dict[Meaning, type[StoreError]] = {
    Meaning.UNAVAILABLE: StoreUnavailable,
    Meaning.READ_ONLY: StoreReadOnly,
    Meaning.UNKNOWN: StoreLost,
    Meaning.RETRY: StoreConflict,
    Meaning.TIMEOUT: BatchTimeout,
    Meaning.REJECTED: BatchRejected,
    Meaning.HUNT: HuntFailed,
}


def translate(exc: psycopg.Error) -> StoreError:
    """Return hunt's error for any error of psycopg."""
    state, diag = exc.sqlstate, exc.diag
    if state is None:
        message = str(exc) or type(exc).__name__
        if isinstance(exc, psycopg.DataError):
            return BatchRejected(message)  # psycopg cannot encode a value
        if isinstance(exc, psycopg.ProgrammingError | psycopg.NotSupportedError):
            return HuntFailed(message)  # psycopg refuses the call
        return StoreLost(message)
    meaning = rule(
        state,
        severity=diag.severity_nonlocalized or diag.severity or "ERROR",
        constraint=bool(diag.constraint_name or diag.column_name),
    ).meaning
    return ERRORS[meaning](diag.message_primary or type(exc).__name__, sqlstate=state)


@contextmanager
def translated() -> Iterator[None]:
    """Raise hunt's error in place of any error of psycopg."""
    try:
        yield
    except psycopg.Error as exc:
        raise translate(exc) from exc
