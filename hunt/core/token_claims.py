"""Reads the claims of a token and checks their types; messages of refusals are for operators."""

from __future__ import annotations

import math
import re

#: A short value that messages may show.
_PLAIN = re.compile(r"[!-~]{1,64}", re.ASCII)


class TokenRefusal(ValueError):
    """A token is not valid; the message says why, and is never sent to a client."""


def token_behind(claims: dict[str, object]) -> tuple[float, str | None]:
    """Return the expiry of the token behind a ticket, and the fingerprint of its key.

    Tickets of earlier releases lack both claims; they end streams at their own expiry.
    """
    key = claims.get("key")
    if key is not None and not isinstance(key, str):
        raise TokenRefusal("claim 'key' must be a text")
    return unix_time(claims, "until" if "until" in claims else "exp"), key


def unix_time(claims: dict[str, object], name: str) -> float:
    """Return a claim with a NumericDate (RFC 7519, 2) as seconds."""
    if name not in claims:
        raise TokenRefusal(f"claim {name!r} is missing")
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefusal(f"claim {name!r} is not a number of seconds since 1970")
    return float(value)


def shown(value: object) -> str:
    """Return a short value of a token for a message, and a placeholder for any other."""
    if value is None:
        return "missing"
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return repr(value)
    return "not a short text"


def texts(claims: dict[str, object], name: str) -> frozenset[str] | None:
    """Return a claim that is a list of texts; None if the token does not have it.

    Raises:
        ValueError: The claim is not a list of texts.
    """
    found = claims.get(name)
    if found is None:
        return None
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return frozenset(found)
    raise TokenRefusal(f"claim {name!r} must be a list of texts")
