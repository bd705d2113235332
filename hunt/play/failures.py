"""Answers to requests that failed in the database, or because of a defect; both are logged."""

from __future__ import annotations

from hunt.errors import Refused, StoreError
from hunt.logs import FaultLog
from hunt.play import problems
from hunt.play.problems import Problem

faults = FaultLog("hunt.web")


def of_store(error: StoreError, *, reads: bool) -> Refused:
    """Log a failure of the database; return the refusal of the request.

    Args:
        error: Raised by the store.
        reads: The request changes nothing.
    """
    faults.store_error("request failed in the database", error)
    return problems.of_store(error, reads=reads)


def unexpected(error: Exception, route: str) -> Problem:
    """Log a defect; return the problem, which does not reveal it."""
    faults.error("unexpected error", exc_info=error, route=route)
    return problems.unexpected()
