"""A batch's arrays in PostgreSQL's binary format, packed here rather than value by value.

psycopg adapts each element of a list by itself, which costs more than all the rest
of a click's way to the store. The format is that of `array_recv` and of each type's
``recv`` function: a header, and for each element its length and its bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from hunt.core.events import Click

_UUID, _TEXT, _POINT, _INT4 = 2950, 25, 600, 23  # oid of each type ...
_ARRAY_OF = {_UUID: 2951, _TEXT: 1009, _POINT: 1017, _INT4: 1007}  # ... and of its array

_header = struct.Struct(">5I").pack  # dimensions, has nulls, type, length, lower bound
_length = struct.Struct(">I").pack
_int = struct.Struct(">Ii").pack
_point = struct.Struct(">Idd").pack
_NULL = b"\xff\xff\xff\xff"
_SIXTEEN = _length(16)


class Packed(bytes):
    """An array, ready for the wire; each subclass is one type to psycopg."""

    oid: int  # of the elements


class UuidArray(Packed):
    """``uuid[]``."""

    oid = _UUID


class TextArray(Packed):
    """``text[]``."""

    oid = _TEXT


class PointArray(Packed):
    """``point[]``."""

    oid = _POINT


class IntArray(Packed):
    """``int[]``."""

    oid = _INT4


def _packed(kind: type[Packed], elements: Sequence[bytes]) -> Packed:
    return kind(_header(1, 1, kind.oid, len(elements), 1) + b"".join(elements))


def pack(clicks: Sequence[Click]) -> tuple[Packed, Packed, Packed, Packed, Packed]:
    """Return ids, players, places, prizes and points of one or more clicks, as arrays."""
    texts: dict[str | None, bytes] = {None: _NULL}  # few prizes, many clicks
    numbers: dict[int, bytes] = {}
    ids, players, places, prizes, points = [], [], [], [], []
    for click in clicks:
        ids.append(_SIXTEEN + bytes.fromhex(click.id.replace("-", "")))
        player = click.player.encode()
        players.append(_length(len(player)) + player)
        places.append(_point(16, click.x, click.y))
        prize = texts.get(click.prize)
        if prize is None:
            assert click.prize is not None
            raw = click.prize.encode()
            prize = texts[click.prize] = _length(len(raw)) + raw
        prizes.append(prize)
        number = numbers.get(click.points)
        if number is None:
            number = numbers[click.points] = _int(4, click.points)
        points.append(number)
    return (
        _packed(UuidArray, ids),
        _packed(TextArray, players),
        _packed(PointArray, places),
        _packed(TextArray, prizes),
        _packed(IntArray, points),
    )


def register(context: AdaptContext) -> None:
    """Let a connection send what `pack` returns."""
    assert context.adapters is not None
    for kind, dumper in _DUMPERS:
        context.adapters.register_dumper(kind, dumper)


class _Dumper(Dumper):
    """Sends the bytes as they are."""

    format = Format.BINARY

    def dump(self, obj: Packed) -> Buffer | None:
        return obj


def _dumper(kind: type[Packed]) -> type[Dumper]:
    return type(f"{kind.__name__}Dumper", (_Dumper,), {"oid": _ARRAY_OF[kind.oid]})


_DUMPERS = [(kind, _dumper(kind)) for kind in (UuidArray, TextArray, PointArray, IntArray)]
