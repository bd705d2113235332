"""Validation of the fields that a player sends to claim a reward."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from hunt.core.claims import Claim, ClaimField, Kind
from hunt.core.countries import COUNTRIES
from hunt.errors import InvalidRequest

#: Largest number of lines of a field of the kind ``lines``.
MAX_LINES = 10

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[^\s@.]{1,63}\.)+[^\s@.]{2,63}")
_PHONE = re.compile(r"\+?[0-9 ()/.-]+", re.ASCII)


def validate(claim: Claim, body: Mapping[str, object]) -> dict[str, object]:
    """Return the fields in the body of a claim: the filled ones, without space around them.

    Args:
        claim: The form.
        body: A JSON object like ``{"fields": {"email": "ada@example.org"}}``.

    Raises:
        InvalidRequest: Fields are wrong; names each of them, but never quotes a value.
    """
    errors = {name: "unknown: a claim has fields" for name in body if name != "fields"}
    given = body.get("fields", {})
    if not isinstance(given, dict):
        errors["fields"] = "must be an object"
        given = {}
    known = {field.name: field for field in claim.fields}
    # Names are the client's, so an unknown one is cut: it may be a value in the wrong place.
    errors |= {f"fields.{name[:64]}": "is unknown" for name in given if name not in known}
    found: dict[str, object] = {}
    for name, field in known.items():
        value = given.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value is None or _is_blank(field, value):
            if field.required:
                errors[f"fields.{name}"] = "is required"
            continue
        wrong = _wrong(field, value)
        if wrong is not None:
            errors[f"fields.{name}"] = wrong
        found[name] = value
    if errors:
        raise InvalidRequest("the claim is not valid", errors=errors)
    return found


def _is_blank(field: ClaimField, value: object) -> bool:
    """Return whether a value means that the field is not filled."""
    return value is False if field.kind == "consent" else isinstance(value, str) and not value


def _wrong(field: ClaimField, value: object) -> str | None:
    """Return a sentence about the fault of a filled field; None if it has none."""
    if field.kind == "consent":
        return None if value is True else "must be true or false"
    if not isinstance(value, str):
        return "must be a text"
    if len(value) > field.max:
        return f"must be at most {field.max} characters"
    if field.kind == "lines":
        lines = value.splitlines()
        if len(lines) > MAX_LINES or not all(each.isprintable() for each in lines):
            return f"must be at most {MAX_LINES} lines of text"
        return None
    if not value.isprintable():
        return "must be one line of text"
    check = _CHECKS.get(field.kind)
    return None if check is None or check[0](value) else check[1]


def _is_phone(value: str) -> bool:
    return bool(_PHONE.fullmatch(value)) and 6 <= sum(map(str.isdigit, value)) <= 15


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_CHECKS: Mapping[Kind, tuple[Callable[[str], bool], str]] = {
    "email": (
        lambda value: _EMAIL.fullmatch(value) is not None,
        "must be an e-mail address, as in ada@example.org",
    ),
    "phone": (_is_phone, "must be a phone number of 6 to 15 digits, as in +49 30 123456"),
    "country": (COUNTRIES.__contains__, "must be a country of ISO 3166-1, as in DE"),
    "date": (_is_date, "must be a date, as in 2026-12-31"),
}
