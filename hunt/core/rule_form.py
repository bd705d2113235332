"""Validation of a hunt's rules: quotas, times of prizes, and how their stock is released."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from hunt.core.definition import (
    MAX_STEPS,
    Definition,
    Even,
    Moments,
    Per,
    Prize,
    Quota,
    Release,
    Step,
)
from hunt.core.form import Form

#: Names of the rules of a prize, in a hunt file.
PRIZE_RULES = frozenset({"from", "until", "release", "win", "unclaimed", "overflow", "codes"})


def quota(form: Form, field: str, value: object) -> Quota | None:
    """Return ``{ count, per }``, or None if there is no value."""
    if value is None:
        return None
    table = form.table(field, value)
    form.known(f"{field}.", table, {"count", "per"})
    count = form.whole(f"{field}.count", table.get("count"), least=1)
    if "count" not in table:
        form.wrong(f"{field}.count", "must be a whole number, at least 1")
    per = form.choice(f"{field}.per", table.get("per"), get_args(Per))
    return Quota(count or 1, per or "hunt")  # type: ignore[arg-type]


def timezone(form: Form, field: str, value: object) -> str:
    """Return the name of a time zone that this machine knows; UTC needs no data of zones."""
    if value == "UTC":
        return "UTC"
    if isinstance(value, str):
        try:
            return zoneinfo.ZoneInfo(value).key
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            pass
    form.wrong(
        field,
        "must be a time zone by its IANA name, as in Europe/Berlin, "
        "and the package tzdata must be installed",
    )
    return "UTC"


def with_rules(form: Form, where: str, prize: Prize, table: Mapping[str, object]) -> Prize:
    """Return a prize with the rules in its table."""
    release = _release(form, f"{where}.release", table.get("release"))
    win = form.choice(f"{where}.win", table.get("win", "draw"), ("draw", "first"))
    unclaimed = form.choice(
        f"{where}.unclaimed", table.get("unclaimed", "carry"), ("carry", "void")
    )
    overflow = table.get("overflow")
    if win == "first" and not isinstance(release, Moments | tuple):
        form.wrong(f"{where}.win", "first needs a release of moments or steps")
    if unclaimed == "void" and not isinstance(release, Moments | tuple):
        form.wrong(f"{where}.unclaimed", "void needs a release of moments or steps")
    codes = form.flag(f"{where}.codes", table.get("codes", False))
    if codes and prize.stock is not None:
        form.wrong(f"{where}.stock", "must be left out: the stock is the number of loaded codes")
    if isinstance(release, Even) and prize.stock is None and not codes:
        form.wrong(f"{where}.release", "needs a stock that it releases evenly")
    return replace(
        prize,
        starts=form.moment(f"{where}.from", table.get("from")),
        until=form.moment(f"{where}.until", table.get("until")),
        release=release,
        first=win == "first",
        void=unclaimed == "void",
        overflow=None if overflow is None else form.identifier(f"{where}.overflow", overflow),
        codes=codes,
    )


def check(form: Form, definition: Definition) -> None:
    """Add an error for each rule that contradicts the rest of the definition."""
    later = {prize.id: number for number, prize in enumerate(definition.prizes)}
    for number, prize in enumerate(definition.prizes):
        where = f"prize[{number}]"
        starts, until = definition.period(prize)
        if starts is not None and until is not None and until <= starts:
            form.wrong(f"{where}.until", "must be after from, within the times of the hunt")
        if isinstance(prize.release, Even | Moments) and (starts is None or until is None):
            form.wrong(f"{where}.release", "needs from and until, or opens_at and closes_at")
        if prize.overflow is not None and later.get(prize.overflow, -1) <= number:
            form.wrong(f"{where}.overflow", "must name a prize that stands further down")
        elif prize.overflow is not None and definition.prizes[later[prize.overflow]].first:
            form.wrong(f"{where}.overflow", "must name a prize that is drawn")


def _release(form: Form, field: str, value: object) -> Release | None:
    if value is None:
        return None
    if isinstance(value, list):
        return _steps(form, field, value)
    table = form.table(field, value)
    form.known(f"{field}.", table, {"even", "moments"})
    if "moments" in table and "even" not in table:
        count = form.whole(f"{field}.moments", table["moments"], least=1)
        if count is not None and count > MAX_STEPS:
            form.wrong(f"{field}.moments", f"must be at most {MAX_STEPS}")
        return Moments(count or 1)
    if table.get("even") is not True or len(table) > 1:
        form.wrong(field, "must be { even = true }, { moments = N } or [[time, total], ...]")
    return Even()


def _steps(form: Form, field: str, value: Sequence[object]) -> tuple[Step, ...]:
    if not 1 <= len(value) <= MAX_STEPS:
        form.wrong(field, f"must be 1 to {MAX_STEPS} steps [time, total]")
        return ()
    steps: list[Step] = []
    for number, each in enumerate(value):
        if not isinstance(each, list | tuple) or len(each) != 2:
            form.wrong(f"{field}[{number}]", "must be a step [time, total]")
            return ()
        at = form.moment(f"{field}[{number}][0]", each[0])
        total = form.whole(f"{field}[{number}][1]", each[1], least=0)
        if at is None or total is None:  # named by now, unless it is null
            if None in each:
                form.wrong(f"{field}[{number}]", "must be a step [time, total]")
            return ()
        if steps and not (steps[-1].at < at and steps[-1].total <= total):
            form.wrong(f"{field}[{number}]", "must be later than the step before, and not less")
        steps.append(Step(at, total))
    return tuple(steps)


def rules_to_json(prize: Prize) -> dict[str, object]:
    """Return the rules of a prize that it has, as `with_rules` reads them."""
    rules: dict[str, object] = {
        "from": prize.starts and prize.starts.isoformat(),
        "until": prize.until and prize.until.isoformat(),
        "release": _release_to_json(prize.release),
        "win": "first" if prize.first else None,
        "unclaimed": "void" if prize.void else None,
        "overflow": prize.overflow,
        "codes": prize.codes or None,
    }
    return {name: value for name, value in rules.items() if value is not None}


def _release_to_json(release: Release | None) -> object:
    match release:
        case None:
            return None
        case Even():
            return {"even": True}
        case Moments(count):
            return {"moments": count}
    return [[step.at.isoformat(), step.total] for step in release]
