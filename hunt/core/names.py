"""Names that players choose: their form, and the filter that refuses some of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

#: Smallest and largest number of characters of a name.
LEAST, MOST = 2, 24

#: Names that could be taken for one of the operators, of the page or of another player.
RESERVED = frozenset(
    {
        "admin",
        "administrator",
        "anonymous",
        "everybody",
        "host",
        "hunt",
        "hunter",
        "master",
        "mod",
        "moderator",
        "nobody",
        "official",
        "operator",
        "owner",
        "root",
        "server",
        "staff",
        "support",
        "system",
        "team",
        "you",
    }
)

#: Beginnings of names that the server itself gives.
_RESERVED_BEGINNINGS = ("guest", "erased")

#: Digits and signs that are read as letters.
_READ_AS = str.maketrans("0134578@$!|", "oieastbasil")

#: Largest number of marks on one letter.
_MARKS = 2


def clean(text: str) -> str:
    """Return a name in Unicode form NFKC, with single spaces between its words.

    Raises:
        ValueError: It is too short, too long, or has characters that a name must not have; the
            message says which.
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not LEAST <= len(name) <= MOST:
        raise ValueError(f"must have {LEAST} to {MOST} characters")
    if not name.isprintable():  # control, bidirectional and invisible characters
        raise ValueError("must have visible characters only")
    marks = 0
    for each in name:
        marks = marks + 1 if unicodedata.category(each).startswith("M") else 0
        if marks > _MARKS:
            raise ValueError("has too many marks on one letter")
    if not any(each.isalnum() for each in name):
        raise ValueError("must have a letter or a digit")
    return name


def folded(name: str) -> str:
    """Return a name as the filter compares it: without case, marks, spaces and disguises."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(_READ_AS))
    return "".join(each for each in letters if each.isalnum())


class NameFilter:
    """Refuses reserved names, and names that contain a word of a list.

    Args:
        words: Words of the operator.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words = frozenset(filter(None, map(folded, words)))

    def refuses(self, name: str) -> bool:
        """Return whether a name is refused."""
        found = folded(name)
        return (
            found in RESERVED
            or found.startswith(_RESERVED_BEGINNINGS)
            or any(word in found for word in self._words)
        )
