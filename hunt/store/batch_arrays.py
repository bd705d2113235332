"""The clicks of a batch as arrays in PostgreSQL's binary format.

psycopg adapts each element of a list by itself, which would cost more than all other work
for a click. The format is that of `array_recv` and of the ``recv`` function of each type: a
header, then the length and the bytes of each element.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from hunt.core import chain
from hunt.core.events import Click, raw_ids

T = TypeVar("T")

_UUID, _TEXT, _POINT, _INT4 = 2950, 25, 600, 23  # oids of the types

_header = struct.Struct(">5I").pack  # dimensions, has nulls, type, length, lower bound
_length = struct.Struct(">I").pack
_int = struct.Struct(">Ii").pack
_point = struct.Struct(">Idd").pack
_NULL = b"\xff\xff\xff\xff"
_SIXTEEN = _length(16)


def pack(clicks: Sequence[Click]) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Return the ids, players, positions, prizes and points of one or more clicks.

    The arrays are ``uuid[]``, ``text[]``, ``point[]``, ``text[]`` and ``int[]``.
    """
    count = len(clicks)
    raw = raw_ids(clicks)
    prizes = _pack_few([each.prize for each in clicks], _text_or_null)
    points = _pack_few([each.points for each in clicks], _number)
    return (
        _array(_UUID, count, [_SIXTEEN + raw[at : at + 16] for at in range(0, 16 * count, 16)]),
        _array(_TEXT, count, [_text(each.player) for each in clicks]),
        _array(_POINT, count, [_point(16, each.x, each.y) for each in clicks]),
        _array(_TEXT, count, prizes),
        _array(_INT4, count, points),
    )


def leaves(clicks: Sequence[Click]) -> bytes | None:
    """Return the leaves of clicks in the chain of their hunt, as `hunt.core.chain.leaf` does.

    None in a hunt without a chain, or if the pseudonym of a player is not known.
    """
    names = "".join([each.pseudonym for each in clicks])
    if len(names) != 32 * len(clicks):
        return None
    ids, players = raw_ids(clicks), bytes.fromhex(names)
    return b"".join(
        [
            chain.raw_leaf(ids[at : at + 16] + players[at : at + 16], each.x, each.y)
            for at, each in zip(range(0, len(ids), 16), clicks, strict=True)
        ]
    )


def _array(oid: int, count: int, elements: Iterable[bytes]) -> bytes:
    return _header(1, 1, oid, count, 1) + b"".join(elements)


def _pack_few(values: Sequence[T], packed: Callable[[T], bytes]) -> Iterable[bytes]:
    """Pack values of which most are equal, each different value once; keep their order."""
    known = {value: packed(value) for value in set(values)}
    return map(known.__getitem__, values)


def _text(text: str) -> bytes:
    raw = text.encode()
    return _length(len(raw)) + raw


def _text_or_null(text: str | None) -> bytes:
    return _NULL if text is None else _text(text)


def _number(number: int) -> bytes:
    return _int(4, number)
