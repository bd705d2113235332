"""All checks of a history at once."""

from __future__ import annotations

from hunt.testing.books import Books
from hunt.testing.delivery import delivered
from hunt.testing.history import History
from hunt.testing.oracle import Violation, dense, documented, durable, honest, once, private


def judge(
    history: History, books: Books, *, well: float = 0.0, within: float = 5.0
) -> list[Violation]:
    """Return what contradicts the promises; see `delivered` for the arguments."""
    found = [
        violation
        for check in (durable, once, honest, documented, dense, private)
        for violation in check(history, books)
    ]
    return found + delivered(history, books, well=well, within=within)
