"""Failures of the database: nothing was recorded, unless a class says otherwise.

Messages are for logs, not for clients.
"""

from __future__ import annotations

from typing import ClassVar

from hunt.errors.base import HuntError


class StoreError(HuntError):
    """Base of the errors of the store: nothing was recorded, unless a class says otherwise."""

    label: ClassVar[str] = "other"  #: label of the failure in `hunt_commit_failures_total`

    def __init__(self, message: str = "", *, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate  #: SQLSTATE that the database sent; None if it sent none


class StoreUnavailable(StoreError):
    """The database accepts nothing now, or cannot be reached: nothing was recorded."""

    label = "unavailable"


class ConnectTimeout(StoreUnavailable):
    """No connection in time, as with a frozen database: nothing was recorded."""


class StoreSlow(StoreUnavailable):
    """The database cancelled a statement after hunt's own timeout: nothing was recorded."""

    label = "slow"


class StoreReadOnly(StoreUnavailable):
    """The database is a standby, or read-only: nothing was recorded."""

    label = "read_only"


class StoreTimeout(StoreError):
    """No answer before the deadline: the outcome is unknown."""

    label = "timeout"


class StoreLost(StoreError):
    """The connection was lost before the answer: the outcome is unknown."""

    label = "lost"


class StoreConflict(StoreError):
    """The transaction was aborted in favour of another one: repeat the same call."""

    label = "conflict"


class LogWentBack(StoreConflict):
    """The log ends before a known commit: the database was restored from a backup."""


class BatchTimeout(StoreError):
    """A statement or lock timeout in the database: nothing was recorded."""

    label = "statement_timeout"


class BatchRejected(StoreError):
    """The database rejects a row of the batch: nothing was recorded."""

    label = "rejected"


class HuntFailed(StoreError):
    """The database fails for this hunt, and possibly not for others: nothing was recorded."""

    label = "hunt"
