"""Reading and writing of definitions: hunt files (TOML) and JSON."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from hunt.core.definition import MAX_PRIZES, Area, Definition, Peak, Prize
from hunt.core.form import Form
from hunt.core.odds_bound import crowded
from hunt.errors import DefinitionError


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
    form.finish()
    if (place := crowded(definition.prizes, width, height)) is not None:
        x, y = place
        form.wrong("prize", f"the odds sum to more than 1 near [{x:g}, {y:g}]")
        form.finish()
    return definition


def _prize(form: Form, where: str, raw: object, width: float, height: float) -> Prize:
    table = form.table(where, raw)
    form.known(f"{where}.", table, {"id", "title", "points", "odds", "stock", "per_player"})
    odds: float | Peak | Area
    if isinstance(table.get("odds"), dict):
        odds = _by_position(form, f"{where}.odds", table["odds"], width, height)
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


def _by_position(form: Form, where: str, raw: object, width: float, height: float) -> Peak | Area:
    table = form.table(where, raw)
    is_area = "within" in table or "odds" in table
    form.known(
        f"{where}.", table, {"odds", "at", "within"} if is_area else {"peak", "at", "radius"}
    )
    at = table.get("at")
    if not isinstance(at, list | tuple) or len(at) != 2:
        form.wrong(f"{where}.at", "must be a position [x, y]")
        at = (0.0, 0.0)
    position = (
        form.number(f"{where}.at[0]", at[0], least=0, most=width or math.inf),
        form.number(f"{where}.at[1]", at[1], least=0, most=height or math.inf),
    )

    def read(chance: str, length: str) -> tuple[float, tuple[float, float], float]:
        return (
            form.number(f"{where}.{chance}", table.get(chance), least=0, most=1),
            position,
            form.number(f"{where}.{length}", table.get(length), above=0),
        )

    return Area(*read("odds", "within")) if is_area else Peak(*read("peak", "radius"))


def to_json(definition: Definition) -> dict[str, object]:
    """Return `definition` as plain JSON values, without loss."""

    def odds(prize: Prize) -> object:
        if isinstance(prize.odds, Peak | Area):
            return asdict(prize.odds) | {"at": list(prize.odds.at)}
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
