"""The oracle: all checks of a history against the stored log."""

from __future__ import annotations

from hunt.testing.checks import Violation, dense, documented, durable, honest, once, private
from hunt.testing.code_checks import codes
from hunt.testing.delivery_checks import delivered
from hunt.testing.history import History
from hunt.testing.proof_checks import proven
from hunt.testing.stored_log import StoredLog


def check_history(
    history: History, log: StoredLog, *, well: float = 0.0, within: float = 5.0
) -> list[Violation]:
    """Return all violations; see `delivered` for the arguments."""
    found = [
        violation
        for check in (durable, once, honest, documented, dense, private, codes, proven)
        for violation in check(history, log)
    ]
    return found + delivered(history, log, well=well, within=within)
