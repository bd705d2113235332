"""The classes of errors: lists of all of them, and the statuses that a client may repeat."""

from __future__ import annotations

from typing import TypeVar

from hunt.errors import HuntError, OutcomeUnknown, Refused

Kind = TypeVar("Kind", bound=HuntError)


def kinds(base: type[Kind]) -> list[type[Kind]]:
    """Return a class and all its subclasses, each after its parent."""
    found = {base: None}  # a dict, because a class with two parents is found twice
    for child in base.__subclasses__():
        found |= dict.fromkeys(kinds(child))
    return list(found)


#: Refusals of `hunt.errors` after which the click is certainly not recorded.  Other modules
#: define refusals of requests that are not clicks.
_UNRECORDED = [
    each
    for each in kinds(Refused)
    if each.__module__ == Refused.__module__ and each not in {Refused, OutcomeUnknown}
]

#: Statuses of refusals that do not invite a retry: they have no ``Retry-After``.
FINAL = frozenset(each.status for each in _UNRECORDED if "Retry-After" not in each.headers)

#: All other statuses, for load and rate limits: the same request may be served later.
RETRYABLE = frozenset(each.status for each in _UNRECORDED) - FINAL
