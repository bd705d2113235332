"""Reading and writing of definitions: hunt files (TOML) and JSON."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from hunt.core import claim_form, map_form, page, rule_form
from hunt.core.claims import duration_text
from hunt.core.definition import (
    MAX_PRIZES,
    TEST_PREFIX,
    Area,
    Definition,
    HintKind,
    Peak,
    Prize,
    is_test,
)
from hunt.core.form import Form
from hunt.core.maps import Map
from hunt.core.odds_bound import crowded
from hunt.errors import DefinitionError

_HUNT_NAMES = frozenset(
    {
        "id", "title", "map", "opens_at", "closes_at", "cooldown", "timezone", "attempts",
        "max_wins", "max_accuracy", "max_speed", "position", "retain", "second_share", "test",
        "hints",
    }
)  # fmt: skip
_PRIZE_NAMES = rule_form.PRIZE_RULES | {
    "id", "title", "points", "odds", "stock", "per_player", "claim",
}  # fmt: skip


def parse(text: str) -> Definition:
    """Return the definition in a hunt file.

    Raises:
        DefinitionError: The text has errors; lists all of them.
    """
    return from_tables(load(text))


def load(text: str) -> dict[str, object]:
    """Return the tables in a TOML file.

    Raises:
        DefinitionError: The text is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise DefinitionError({"file": f"is not TOML: {exc}"}) from None
    except (ValueError, RecursionError):
        wrong = "is not TOML: a number is too long, or values are nested too deeply"
        raise DefinitionError({"file": wrong}) from None


def from_tables(raw: Mapping[str, object]) -> Definition:
    """Return the definition in the tables ``hunt`` and ``prize`` of a hunt file.

    Raises:
        DefinitionError: They have errors; lists all of them.
    """
    form = Form()
    if "campaign" in raw:
        form.wrong("campaign", "is of a campaign, not of a hunt: use 'hunt apply'")
    form.known("", raw, {"campaign", "hunt", "page", "prize"})
    hunt = form.table("hunt", raw.get("hunt"))
    form.known("hunt.", hunt, _HUNT_NAMES)
    on = map_form.read(form, "hunt.map", hunt.get("map"))
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
        map=on,
        opens_at=opens_at,
        closes_at=closes_at,
        cooldown=form.number("hunt.cooldown", hunt.get("cooldown", 0.0), least=0),
        prizes=tuple(
            _prize(form, f"prize[{number}]", each, on) for number, each in enumerate(prizes)
        ),
        timezone=rule_form.timezone(form, "hunt.timezone", hunt.get("timezone", "UTC")),
        attempts=rule_form.quota(form, "hunt.attempts", hunt.get("attempts")),
        max_wins=rule_form.quota(form, "hunt.max_wins", hunt.get("max_wins")),
        max_accuracy=map_form.limit(form, "hunt.max_accuracy", hunt.get("max_accuracy")),
        max_speed=map_form.limit(form, "hunt.max_speed", hunt.get("max_speed")),
        position=map_form.source(
            form,
            "hunt.position",
            hunt.get("position"),
            on,
            needs_accuracy="max_accuracy" in hunt,
        ),
        retain=claim_form.duration(form, "hunt.retain", hunt.get("retain")),
        hints=_hints(form, hunt.get("hints")),
        page=page.read(form, raw.get("page")),
        second_share=form.sha256("hunt.second_share", hunt.get("second_share")),
        test=form.flag("hunt.test", hunt.get("test", False)),
    )
    _check(form, definition)
    return definition


def _check(form: Form, definition: Definition) -> None:
    """Raise `DefinitionError` if a field is wrong, or fields do not fit each other."""
    if definition.test and definition.id and not is_test(definition.id):
        form.wrong("hunt.id", f"must begin with {TEST_PREFIX} in a test hunt")
    rule_form.check(form, definition)
    if definition.hints != "none" and all(
        isinstance(prize.odds, float | int) for prize in definition.prizes
    ):
        form.wrong("hunt.hints", "needs a prize with a place: odds = { peak, at, radius }")
    ids = [prize.id for prize in definition.prizes]
    for prize_id in sorted({each for each in ids if each and ids.count(each) > 1}):
        form.wrong("prize", f"the id {prize_id!r} is used more than once")
    form.finish()
    if (place := crowded(definition.prizes, definition.map)) is not None:
        x, y = place
        form.wrong("prize", f"the odds sum to more than 1 near [{x:.9g}, {y:.9g}]")
        form.finish()


def _hints(form: Form, value: object) -> HintKind:
    if value is None:
        return "none"
    return "warmth" if form.choice("hunt.hints", value, ("none", "warmth")) == "warmth" else "none"


def _prize(form: Form, where: str, raw: object, on: Map) -> Prize:
    table = form.table(where, raw)
    form.known(f"{where}.", table, _PRIZE_NAMES)
    odds: float | Peak | Area
    given = table.get("odds")
    if table.get("win") == "first":  # certain, in its area or everywhere
        given = 1 if given is None else given
    if isinstance(given, dict):
        odds = map_form.odds(form, f"{where}.odds", given, on)
    else:
        odds = form.number(f"{where}.odds", given, least=0, most=1)
    if (
        table.get("win") == "first"
        and odds != 1
        and not (isinstance(odds, Area) and odds.odds == 1)
    ):
        form.wrong(
            f"{where}.odds", "must be left out, or { at, within }, where the first click wins"
        )
    prize = Prize(
        id=form.identifier(f"{where}.id", table.get("id")),
        title=form.title(f"{where}.title", table.get("title")),
        points=form.whole(f"{where}.points", table.get("points", 0), least=0) or 0,
        odds=odds,
        stock=form.whole(f"{where}.stock", table.get("stock"), least=0),
        per_player=form.whole(f"{where}.per_player", table.get("per_player"), least=1),
        claim=claim_form.claim(form, f"{where}.claim", table.get("claim")),
    )
    return rule_form.with_rules(form, where, prize, table)


def to_json(definition: Definition) -> dict[str, object]:
    """Return `definition` as plain JSON values, without loss."""

    def odds(prize: Prize) -> object:
        if isinstance(prize.odds, Peak | Area):
            return asdict(prize.odds) | {"at": list(prize.odds.at)}
        return prize.odds

    rules = {
        "timezone": None if definition.timezone == "UTC" else definition.timezone,
        "attempts": definition.attempts and asdict(definition.attempts),
        "max_wins": definition.max_wins and asdict(definition.max_wins),
        "retain": definition.retain and duration_text(definition.retain),
        "hints": None if definition.hints == "none" else definition.hints,
        "page": definition.page and page.to_json(definition.page),
        "second_share": definition.second_share,
        "test": True if definition.test else None,
    }
    return {
        "id": definition.id,
        "title": definition.title,
        "map": map_form.to_json(definition.map),
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
                **rule_form.rules_to_json(prize),
                **({"claim": claim_form.claim_to_json(prize.claim)} if prize.claim else {}),
            }
            for prize in definition.prizes
        ],
        **{name: value for name, value in rules.items() if value is not None},
        **map_form.limits_to_json(definition),
    }


def from_json(raw: Mapping[str, object]) -> Definition:
    """Return the definition in `raw`, which has the form that `to_json` returns.

    Raises:
        DefinitionError: It has errors; lists all of them, named as in a hunt file.
    """
    if not isinstance(raw, Mapping):
        raise DefinitionError({"hunt": "must be a table"})
    prizes = raw.get("prizes", [])
    return from_tables(
        {
            "hunt": {
                name: _time(value) if name in {"opens_at", "closes_at"} else value
                for name, value in raw.items()
                if name not in {"page", "prizes"} and value is not None
            },
            **({} if raw.get("page") is None else {"page": _without_null(raw["page"])}),
            "prize": [_prize_table(each) for each in prizes]
            if isinstance(prizes, list)
            else prizes,
        }
    )


def _without_null(table: object) -> object:
    """Return a table of JSON without null, which TOML does not have."""
    if not isinstance(table, dict):
        return table
    return {name: value for name, value in table.items() if value is not None}


def _time(value: object) -> object:
    try:
        return datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value  # `from_tables` reports it with the other errors


def _prize_table(table: object) -> object:
    """Return a prize of JSON as its table in a hunt file: with times, and without null."""
    if not isinstance(table, dict):
        return table
    found = {name: value for name, value in table.items() if value is not None}
    for name in ("from", "until"):
        if name in found:
            found[name] = _time(found[name])
    if isinstance(claim := found.get("claim"), dict):
        found["claim"] = {
            name: _time(value) if name == "until" else value
            for name, value in claim.items()
            if value is not None
        }
    if isinstance(found.get("release"), list):
        found["release"] = [
            [_time(step[0]), *step[1:]] if isinstance(step, list) and step else step
            for step in found["release"]
        ]
    return found
