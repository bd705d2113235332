"""Seals: the documents that commit to a hunt; see docs/reference/proof.md."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

from hunt.core import chain
from hunt.core.definition import Definition
from hunt.core.hunt_file import to_json
from hunt.core.odds import highest

#: Members of a definition that are numbers, or hold numbers, whole or not: texts in a seal.
_NUMBERS = frozenset({"odds", "map", "cooldown", "max_accuracy", "max_speed"})


class Pool(Struct, frozen=True):
    """The codes of a prize, as a seal has them."""

    count: int
    root: str  #: of their tree, in hex


class Position(Struct, frozen=True, kw_only=True):
    """The data of a hunt at the moment of a seal."""

    number: int  #: of the seal, >= 1
    version: int  #: of the definition
    seq: int  #: of the last row of the log
    at: datetime
    previous: str | None  #: hash of the seal before, in hex
    share: str | None  #: SHA-256 of the second share, in hex
    pools: Mapping[str, Pool]  #: by prize with codes


def moment(at: datetime) -> str:
    """Return a time as text with six digits after the point, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def definition_text(definition: Definition) -> bytes:
    """Return the canonical text of a definition, in which no number has a fraction."""
    return chain.canonical(_exact(to_json(definition)))


def public(definition: Definition, pools: Mapping[str, Pool]) -> dict[str, object]:
    """Return what a seal shows of a definition."""
    return {
        "title": definition.title,
        "opens_at": definition.opens_at and definition.opens_at.isoformat(),
        "closes_at": definition.closes_at and definition.closes_at.isoformat(),
        "prizes": [
            {
                "id": prize.id,
                "title": prize.title,
                "points": prize.points,
                "odds": repr(float(highest(prize))),
                "stock": pools[prize.id].count if prize.id in pools else prize.stock,
                "per_player": prize.per_player,
            }
            for prize in definition.prizes
        ],
    }


def document(definition: Definition, seed: bytes, position: Position) -> dict[str, object]:
    """Return the seal of a definition.

    Args:
        definition: The hunt.
        seed: The first share of its seed; 32 bytes.
        position: Position of the seal in the chain.
    """
    salt = chain.definition_salt(seed, position.number)
    return {
        "kind": "seal",
        "hunt": definition.id,
        "algorithm": chain.ALGORITHM,
        "number": position.number,
        "version": position.version,
        "seq": position.seq,
        "at": moment(position.at),
        "previous": position.previous,
        "seed": hashlib.sha256(seed).hexdigest(),
        "share": position.share,
        "definition": chain.definition_commitment(salt, definition_text(definition)),
        "public": public(definition, position.pools),
        "codes": {
            prize: {"count": pool.count, "root": pool.root}
            for prize, pool in position.pools.items()
        },
    }


def seal_hash(text: bytes) -> str:
    """Return the hash of a seal, in hex, from its canonical text."""
    return hashlib.sha256(text).hexdigest()


def _exact(value: object, name: str = "") -> object:
    """Return a JSON value whose numbers, where they may have a fraction, are texts."""
    match value:
        case dict():
            inside = name if name in _NUMBERS else ""
            return {key: _exact(each, inside or key) for key, each in value.items()}
        case list():
            return [_exact(each, name) for each in value]
        case bool() | None:
            return value
        case float():
            return repr(value)
        case int() if name in _NUMBERS:
            return repr(float(value))
    return value
