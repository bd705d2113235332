"""Validation of the part of a hunt file that says how a prize is claimed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import get_args

from hunt.core.claims import (
    MAX_FIELDS,
    MAX_LENGTH,
    RETAIN,
    Claim,
    ClaimField,
    Kind,
    duration_text,
    parse_duration,
)
from hunt.core.form import Form

_WRONG_DURATION = "must be a duration, as in '14 days'"


def duration(form: Form, field: str, value: object) -> timedelta | None:
    """Return a duration, or None if there is no value."""
    if value is None:
        return None
    found = parse_duration(value) if isinstance(value, str) else None
    if found is None:
        form.wrong(field, _WRONG_DURATION)
    return found


def claim(form: Form, field: str, value: object) -> Claim | None:
    """Return how a prize is claimed, or None if there is no value."""
    if value is None:
        return None
    table = form.table(field, value)
    form.known(f"{field}.", table, {"fields", "until", "retain"})
    raw = table.get("fields", [])
    if not isinstance(raw, list) or len(raw) > MAX_FIELDS:
        form.wrong(f"{field}.fields", f"must be a list of at most {MAX_FIELDS} fields")
        raw = []
    fields = tuple(_field(form, f"{field}.fields[{n}]", each) for n, each in enumerate(raw))
    names = [each.name for each in fields]
    for name in sorted({each for each in names if each and names.count(each) > 1}):
        form.wrong(f"{field}.fields", f"the name {name!r} is used more than once")
    retain = duration(form, f"{field}.retain", table.get("retain"))
    until = _until(form, f"{field}.until", table.get("until"))
    return Claim(fields, until, retain or RETAIN)


def _until(form: Form, field: str, value: object) -> datetime | timedelta | None:
    if isinstance(value, datetime) or value is None:
        return form.moment(field, value)
    found = parse_duration(value) if isinstance(value, str) else None
    if found is None:
        form.wrong(
            field, "must be a duration, as in '14 days', or a time, as in 2026-11-01T18:00:00Z"
        )
    return found


def _field(form: Form, where: str, raw: object) -> ClaimField:
    table = form.table(where, raw)
    form.known(f"{where}.", table, {"name", "label", "kind", "required", "max"})
    longest = form.whole(f"{where}.max", table.get("max", 200), least=1) or 1
    if longest > MAX_LENGTH:
        form.wrong(f"{where}.max", f"must be at most {MAX_LENGTH}")
    kind = form.choice(f"{where}.kind", table.get("kind", "text"), get_args(Kind))
    return ClaimField(
        name=form.identifier(f"{where}.name", table.get("name")),
        label=form.title(f"{where}.label", table.get("label")),
        kind=kind or "text",  # type: ignore[arg-type]
        required=form.flag(f"{where}.required", table.get("required", False)),
        max=longest,
    )


def claim_to_json(claim: Claim) -> dict[str, object]:
    """Return how a prize is claimed, as `claim` reads it."""
    return {
        "fields": [asdict(each) for each in claim.fields],
        "until": until_to_json(claim),
        "retain": duration_text(claim.retain),
    }


def until_to_json(claim: Claim) -> str | None:
    """Return the deadline of a claim as text: a time, or a duration from the win on."""
    if isinstance(claim.until, timedelta):
        return duration_text(claim.until)
    return None if claim.until is None else claim.until.isoformat()
