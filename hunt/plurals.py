"""Numbers with their nouns, in English."""

from __future__ import annotations


def plural(number: float, one: str, many: str | None = None, *, shown: str | None = None) -> str:
    """Return a number with its noun, as in ``1 door`` and ``24 doors``.

    Args:
        number: The number.
        one: The noun for the number 1, with the words that depend on it.
        many: The same for all other numbers; None: `one` with an s.
        shown: The number as text; None: its digits.
    """
    noun = one if number == 1 else many or f"{one}s"
    return f"{number if shown is None else shown} {noun}"
