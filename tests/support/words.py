"""Words in texts that also have random ids."""

from __future__ import annotations

import re


def has_word(text: object, word: str) -> bool:
    """Return whether a text has a word, and not only its letters in an id such as ``1ada7``."""
    return re.search(rf"\b{re.escape(word)}\b", str(text)) is not None
