"""Announcements: a message of an operator to everyone in a hunt."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from msgspec import Struct

#: Maximum number of characters of a text.
MOST = 500


class Announcement(Struct, frozen=True):
    """The last announcement of a hunt."""

    number: int  #: 1, 2, 3 ... within the hunt
    text: str | None  #: None: it was withdrawn
    at: datetime  #: by the database's clock


def wrong(text: str) -> str | None:
    """Return what is wrong with a text and how to repair it; None if it may be announced."""
    if not text.strip():
        return "is empty: give 1 to 500 characters"
    if len(text) > MOST:
        return f"has {len(text)} characters: give at most {MOST}"
    for each in text:
        # A surrogate is half a character, and cannot be encoded.
        if each != "\n" and unicodedata.category(each) in {"Cc", "Cs"}:
            return f"has the control character U+{ord(each):04X}: remove it"
    return None
