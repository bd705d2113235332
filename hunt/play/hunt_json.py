"""The public JSON of a hunt: a summary, its details, and what its end reveals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from hunt.core import map_form
from hunt.core.campaign import hides_prizes
from hunt.core.claim_form import until_to_json
from hunt.core.claims import Claim
from hunt.core.definition import Definition, Prize
from hunt.core.hunt_file import to_json
from hunt.core.hunts import Hunt, Version
from hunt.play.look import Address, look, no_address


def summary(hunt: Hunt, now: datetime) -> dict[str, object]:
    """Return the entry of a hunt in the list of hunts.

    Args:
        hunt: A hunt that is not a draft.
        now: The time of the database's clock.
    """
    definition = hunt.definition
    return {
        "id": hunt.id,
        "title": definition.title,
        "state": hunt.phase(now),
        "opens_at": moment(definition.opens_at),
        "closes_at": moment(definition.closes_at),
        **({} if hunt.campaign is None else {"campaign": hunt.campaign.id, "door": hunt.door}),
        **({"test": True} if definition.test else {}),
    }


def details(hunt: Hunt, now: datetime, address: Address = no_address) -> dict[str, object]:
    """Return the public details of a hunt; its seed and the positions of prizes are secret.

    Args:
        hunt: A hunt that is not a draft.
        now: The time of the database's clock.
        address: Returns the address of a file of its page.
    """
    definition = hunt.definition
    prizes = public_prizes(hunt, now) or []
    known = {each.id for each in definition.prizes} if prizes else ()
    return summary(hunt, now) | {
        "map": map_form.to_json(definition.map),
        "cooldown": definition.cooldown,
        "prizes": prizes,
        "version": hunt.version,
        "epoch": hunt.epoch,
        "commitment": hunt.commitment,
        "algorithm": hunt.algorithm,
        **({} if hunt.seal is None else {"seal": hunt.seal}),
        **_periods(definition),
        **map_form.limits_to_json(definition),
        **({} if definition.hints == "none" else {"hints": definition.hints}),
        **(
            {}
            if definition.page is None
            else {"page": look(definition.page, address, prizes=known)}
        ),
    }


def public_prizes(hunt: Hunt, now: datetime) -> list[dict[str, object]] | None:
    """Return the prizes as players see them; None before a door opens, unless it has a preview."""
    if hides_prizes(hunt, now):
        return None
    return [_prize(prize, hunt) for prize in hunt.definition.prizes]


def revealed(hunt: Hunt, versions: Sequence[Version]) -> dict[str, object]:
    """Return the details that are public after the recorded end: seed and definitions."""
    assert hunt.has_ended, "its seed is secret"
    return {
        "ended_at": moment(hunt.ended_at),
        "seed": (hunt.seed if hunt.first_share is None else hunt.first_share).hex(),
        **({} if hunt.second_share is None else {"second_share": hunt.second_share.hex()}),
        "versions": [
            {
                "version": each.version,
                "at": moment(each.at),
                "definition": to_json(each.definition),
            }
            for each in versions
        ],
    }


def _periods(definition: Definition) -> dict[str, object]:
    """Return the limits of a player in calendar periods, where the hunt has some."""
    found: dict[str, object] = {
        "attempts": definition.attempts and asdict(definition.attempts),
        "max_wins": definition.max_wins and asdict(definition.max_wins),
    }
    shown = {name: value for name, value in found.items() if value is not None}
    return {"timezone": definition.timezone, **shown} if shown else {}


def _prize(prize: Prize, hunt: Hunt) -> dict[str, object]:
    odds = prize.odds if isinstance(prize.odds, float | int) else {"peak": prize.odds.highest}
    return {
        "id": prize.id,
        "title": prize.title,
        "points": prize.points,
        "odds": odds,
        "stock": hunt.codes.get(prize.id, prize.stock),
        "stock_left": hunt.stock_left.get(prize.id),
        "per_player": prize.per_player,
        **{
            name: moment(time)
            for name, time in (("from", prize.starts), ("until", prize.until))
            if time is not None
        },
        **({} if prize.claim is None else {"claim": _claim(prize.claim)}),
        **({"test": True} if hunt.definition.test else {}),
    }


def _claim(claim: Claim) -> dict[str, object]:
    """Return the form of a claim; how long its fields are kept is the operator's."""
    return {
        "fields": [asdict(each) for each in claim.fields],
        "until": until_to_json(claim),
    }


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339, in UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
