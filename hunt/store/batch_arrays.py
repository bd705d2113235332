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
_position = struct.Struct(">dd").pack
_NULL = b"\xff\xff\xff\xff"
_SIXTEEN = _length(16)


def pack(clicks: Sequence[Click]) -> tuple[tuple[bytes, ...], bytes | None]:
    """Return the columns of one or more clicks, and their leaves.

    The columns are ids, players, positions, prizes and points, as ``uuid[]``, ``text[]``,
    ``point[]``, ``text[]`` and ``int[]``.  The leaves are those of the hunt's chain, 32 bytes
    each (`hunt.core.chain.leaf`); None in a hunt without a chain, or if the pseudonym of a
    player is not known.
    """
    count, ids = len(clicks), raw_ids(clicks)
    positions = [_position(each.x, each.y) for each in clicks]
    columns = (
        _array(_UUID, count, _sixteen([ids[at : at + 16] for at in range(0, 16 * count, 16)])),
        _array(_TEXT, count, b"".join([_text(each.player) for each in clicks])),
        _array(_POINT, count, _sixteen(positions)),
        _array(_TEXT, count, _pack_few([each.prize for each in clicks], _text_or_null)),
        _array(_INT4, count, _pack_few([each.points for each in clicks], _number)),
    )
    names = "".join([each.pseudonym for each in clicks])
    if len(names) != 32 * count:
        return columns, None
    return columns, chain.leaves(ids, bytes.fromhex(names), positions)


def _sixteen(elements: Iterable[bytes]) -> bytes:
    """Return elements of 16 bytes, each after its length."""
    return _SIXTEEN + _SIXTEEN.join(elements)


def _array(oid: int, count: int, elements: bytes) -> bytes:
    return _header(1, 1, oid, count, 1) + elements


def _pack_few(values: Sequence[T], packed: Callable[[T], bytes]) -> bytes:
    """Pack values of which most are equal, each different value once; keep their order."""
    known = {value: packed(value) for value in set(values)}
    return b"".join(map(known.__getitem__, values))


def _text(text: str) -> bytes:
    raw = text.encode()
    return _length(len(raw)) + raw


def _text_or_null(text: str | None) -> bytes:
    return _NULL if text is None else _text(text)


def _number(number: int) -> bytes:
    return _int(4, number)
