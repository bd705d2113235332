"""The classes of errors, for pages and documents that list all of them."""

from __future__ import annotations

from typing import TypeVar

from hunt.errors import HuntError

Kind = TypeVar("Kind", bound=HuntError)


def kinds(base: type[Kind]) -> list[type[Kind]]:
    """Return a class and all its subclasses, each after its parent."""
    found = {base: None}  # a dict, because a class with two parents is found twice
    for child in base.__subclasses__():
        found |= dict.fromkeys(kinds(child))
    return list(found)
