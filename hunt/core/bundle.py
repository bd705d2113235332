"""The lines of a bundle: a finished hunt, with everything that proves it.

The format is in docs/reference/proof.md.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hunt.core import chain
from hunt.core.definition import Definition
from hunt.core.hunt_file import from_json
from hunt.errors import DefinitionError, ProofError

FORMAT = 1

_GZIP = b"\x1f\x8b"


class Start(Struct, frozen=True, tag_field="kind", tag="bundle", kw_only=True):
    """The first line."""

    format: int
    hunt: str
    algorithm: int
    epoch: str
    seed: str  #: the first share, in hex
    share: str | None  #: the second share, in hex
    rows: int
    head: str  #: after the last entry


class Entry(Struct, frozen=True, tag_field="kind", tag="entry", omit_defaults=True):
    """An entry of the chain, as hashed; beside a seal its definition."""

    document: dict[str, Any]
    definition: dict[str, Any] | None = None


class Row(Struct, frozen=True, omit_defaults=True):
    """One row of the log; of an erased player it has a leaf, and nothing of the click."""

    id: str | None = None
    player: str | None = None  #: pseudonym
    x: float | None = None
    y: float | None = None
    leaf: str | None = None
    prize: str | None = None
    points: int = 0
    sold_out: str | None = None


class Batch(Struct, frozen=True, tag_field="kind", tag="batch"):
    """The rows of one commit."""

    first: int
    at: str
    rows: list[Row]


class Head(Struct, frozen=True, tag_field="kind", tag="head", omit_defaults=True):
    """A head that was published while the hunt was open."""

    seq: int
    head: str
    at: str
    timestamp: str | None = None  #: answer of a time stamping authority, in base64


class Codes(Struct, frozen=True, tag_field="kind", tag="codes"):
    """Leaves of the pool of a prize."""

    prize: str
    first: int
    leaves: list[str]


Line = Start | Entry | Batch | Head | Codes

decode = msgspec.json.Decoder(Line).decode
#: Returns the JSON object in a text.
parse: Callable[[str], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode

encode = msgspec.json.encode


def read(path: Path) -> Iterator[Line]:
    """Yield the lines of a bundle, compressed or not.

    Raises:
        ProofError: A line is not one of a bundle.
        OSError: The file cannot be read.
    """
    number = 1
    with path.open("rb") as raw:
        packed = raw.peek(2)[:2] == _GZIP
        with gzip.open(raw) if packed else raw as file:
            try:
                for line in file:
                    yield decode(line)
                    number += 1
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
                raise ProofError(f"line {number}: not a line of a bundle: {exc}") from None
            except (EOFError, gzip.BadGzipFile, zlib.error):
                raise ProofError(f"line {number}: the compressed file is damaged") from None


def leaf_of(row: Row) -> bytes:
    """Return the leaf of a row.

    Raises:
        ValueError: The row has neither a click nor a leaf.
    """
    if row.leaf is not None:
        return bytes.fromhex(row.leaf)
    if row.id is None or row.player is None or row.x is None or row.y is None:
        raise ValueError("a row has neither a leaf nor id, player, x and y")
    return chain.leaf(row.id, row.player, row.x, row.y)


def definition_of(document: Mapping[str, Any]) -> Definition:
    """Return the definition in the form that a seal has.

    Raises:
        ProofError: It is not one.
    """
    try:
        return from_json({name: _numbers(name, each) for name, each in document.items()})
    except (DefinitionError, ValueError) as exc:
        raise ProofError(f"a definition cannot be read: {exc}") from None


def _numbers(name: str, value: object) -> object:
    """Return a member of a definition with its numbers instead of their texts."""
    if name == "prizes" and isinstance(value, list):
        return [
            {key: _number(each) if key == "odds" else each for key, each in prize.items()}
            for prize in value
        ]
    return _number(value) if name in {"map", "cooldown", "max_accuracy", "max_speed"} else value


def _number(value: object) -> object:
    match value:
        case dict():
            return {key: each if key == "unit" else _number(each) for key, each in value.items()}
        case list():
            return [_number(each) for each in value]
        case str():
            return float(value)
    return value
