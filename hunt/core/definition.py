"""The definition of a hunt: map, times and prizes, from a hunt file or from JSON."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hunt.core.form import Form
from hunt.errors import DefinitionError

MAX_PRIZES = 100


@dataclass(frozen=True, slots=True)
class Peak:
    """Odds that fall off around a secret position, as a Gaussian."""

    peak: float  #: probability at the position itself, 0 to 1
    at: tuple[float, float]  #: map units, inside the map; never shown to players
    radius: float  #: map units, > 0: the standard deviation


@dataclass(frozen=True, slots=True)
class Prize:
    """A prize that a click may win."""

    id: str  #: 1-64 of ``[a-z0-9-]``, unique in the hunt
    title: str
    points: int  #: >= 0
    odds: float | Peak  #: probability, 0 to 1, everywhere; or a peak
    stock: int | None  #: largest number of grants, >= 0; None: no limit
    per_player: int | None  #: largest number of grants to one player, >= 1; None: no limit


@dataclass(frozen=True, slots=True)
class Definition:
    """A hunt as defined by its author."""

    id: str  #: 1-64 of ``[a-z0-9-]``
    title: str
    width: float  #: map units, > 0
    height: float  #: map units, > 0
    opens_at: datetime | None  #: UTC
    closes_at: datetime | None  #: UTC, after `opens_at`
    cooldown: float  #: seconds, >= 0, from one counted click of a player to the next
    prizes: tuple[Prize, ...]  #: at most `MAX_PRIZES`; the odds, peaks at their peak, sum to <= 1


def parse(text: str) -> Definition:
    """Return the definition in a hunt file.

    Raises:
        DefinitionError: The text has errors; lists all of them.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise DefinitionError({"file": f"is not TOML: {exc}"}) from None
    except (ValueError, RecursionError):
        wrong = "is not TOML: a number is too long, or values are nested too deeply"
        raise DefinitionError({"file": wrong}) from None
    return _build(raw)


def _build(raw: Mapping[str, object]) -> Definition:
    form = Form()
    form.known("", raw, {"hunt", "prize"})
    hunt = form.table("hunt", raw.get("hunt"))
    form.known("hunt.", hunt, {"id", "title", "map", "opens_at", "closes_at", "cooldown"})
    area = form.table("hunt.map", hunt.get("map"))
    form.known("hunt.map.", area, {"width", "height"})
    width = form.number("hunt.map.width", area.get("width"), above=0)
    height = form.number("hunt.map.height", area.get("height"), above=0)
    opens_at = form.moment("hunt.opens_at", hunt.get("opens_at"))
    closes_at = form.moment("hunt.closes_at", hunt.get("closes_at"))
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        form.wrong("hunt.closes_at", "must be after opens_at")
    prizes = raw.get("prize", [])
    if not isinstance(prizes, list) or len(prizes) > MAX_PRIZES:
        form.wrong("prize", f"must be at most {MAX_PRIZES} tables [[prize]]")
        prizes = []
    definition = Definition(
        id=form.identifier("hunt.id", hunt.get("id")),
        title=form.title("hunt.title", hunt.get("title")),
        width=width,
        height=height,
        opens_at=opens_at,
        closes_at=closes_at,
        cooldown=form.number("hunt.cooldown", hunt.get("cooldown", 0.0), least=0),
        prizes=tuple(
            _prize(form, f"prize[{number}]", each, width, height)
            for number, each in enumerate(prizes)
        ),
    )
    ids = [prize.id for prize in definition.prizes]
    for prize_id in sorted({each for each in ids if each and ids.count(each) > 1}):
        form.wrong("prize", f"the id {prize_id!r} is used more than once")
    total = math.fsum(highest(prize) for prize in definition.prizes)
    if total > 1 + 1e-9:
        form.wrong("prize", f"the odds, peaks at their peak, sum to {total:g}: at most 1")
    form.finish()
    return definition


def highest(prize: Prize) -> float:
    """Return the highest probability of `prize` on the map."""
    return prize.odds.peak if isinstance(prize.odds, Peak) else prize.odds


def _prize(form: Form, where: str, raw: object, width: float, height: float) -> Prize:
    table = form.table(where, raw)
    form.known(f"{where}.", table, {"id", "title", "points", "odds", "stock", "per_player"})
    odds: float | Peak
    if isinstance(table.get("odds"), dict):
        odds = _peak(form, f"{where}.odds", table["odds"], width, height)
    else:
        odds = form.number(f"{where}.odds", table.get("odds"), least=0, most=1)
    return Prize(
        id=form.identifier(f"{where}.id", table.get("id")),
        title=form.title(f"{where}.title", table.get("title")),
        points=form.whole(f"{where}.points", table.get("points", 0), least=0) or 0,
        odds=odds,
        stock=form.whole(f"{where}.stock", table.get("stock"), least=0),
        per_player=form.whole(f"{where}.per_player", table.get("per_player"), least=1),
    )


def _peak(form: Form, where: str, raw: object, width: float, height: float) -> Peak:
    table = form.table(where, raw)
    form.known(f"{where}.", table, {"peak", "at", "radius"})
    at = table.get("at")
    if not isinstance(at, list | tuple) or len(at) != 2:
        form.wrong(f"{where}.at", "must be a position [x, y]")
        at = (0.0, 0.0)
    return Peak(
        peak=form.number(f"{where}.peak", table.get("peak"), least=0, most=1),
        at=(
            form.number(f"{where}.at[0]", at[0], least=0, most=width or math.inf),
            form.number(f"{where}.at[1]", at[1], least=0, most=height or math.inf),
        ),
        radius=form.number(f"{where}.radius", table.get("radius"), above=0),
    )


def to_json(definition: Definition) -> dict[str, object]:
    """Return `definition` as plain JSON values, without loss."""

    def odds(prize: Prize) -> object:
        if isinstance(prize.odds, Peak):
            return {
                "peak": prize.odds.peak,
                "at": list(prize.odds.at),
                "radius": prize.odds.radius,
            }
        return prize.odds

    return {
        "id": definition.id,
        "title": definition.title,
        "map": {"width": definition.width, "height": definition.height},
        "opens_at": definition.opens_at and definition.opens_at.isoformat(),
        "closes_at": definition.closes_at and definition.closes_at.isoformat(),
        "cooldown": definition.cooldown,
        "prizes": [
            {
                "id": prize.id,
                "title": prize.title,
                "points": prize.points,
                "odds": odds(prize),
                "stock": prize.stock,
                "per_player": prize.per_player,
            }
            for prize in definition.prizes
        ],
    }


def from_json(raw: Mapping[str, object]) -> Definition:
    """Return the definition in `raw`, which has the form that `to_json` returns.

    Raises:
        DefinitionError: It has errors; lists all of them, named as in a hunt file.
    """
    if not isinstance(raw, Mapping):
        raise DefinitionError({"hunt": "must be a table"})
    prizes = raw.get("prizes", [])
    return _build(
        {
            "hunt": {
                name: _time(value) if name in {"opens_at", "closes_at"} else value
                for name, value in raw.items()
                if name != "prizes" and value is not None
            },
            "prize": [_without_none(each) for each in prizes]
            if isinstance(prizes, list)
            else prizes,
        }
    )


def _time(value: object) -> object:
    try:
        return datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value  # `_build` reports it with the other errors


def _without_none(table: object) -> object:
    if not isinstance(table, dict):
        return table
    return {name: value for name, value in table.items() if value is not None}


def differences(old: Definition | None, new: Definition) -> list[str]:
    """Return one sentence for each difference between two definitions."""
    if old is None:
        return [f"hunt {new.id}: new, with {len(new.prizes)} prizes"]
    changes = []
    for name in ("title", "width", "height", "opens_at", "closes_at", "cooldown"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changes.append(f"hunt {new.id}: {name} {before} -> {after}")
    before_by_id = {prize.id: prize for prize in old.prizes}
    for prize in new.prizes:
        was = before_by_id.pop(prize.id, None)
        if was is None:
            changes.append(f"prize {prize.id}: new")
            continue
        for name in ("title", "points", "odds", "stock", "per_player"):
            before, after = getattr(was, name), getattr(prize, name)
            if before != after:
                changes.append(f"prize {prize.id}: {name} {before} -> {after}")
    changes.extend(f"prize {prize_id}: removed" for prize_id in before_by_id)
    return changes
