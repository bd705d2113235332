"""The message to other processes that follows each commit: by ``NOTIFY``, or on another bus."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import msgspec

from hunt.core.definition import is_test
from hunt.core.events import Click, Notice, Reward

#: Largest number of clicks in a batch whose notice contains its rows.  More rows do not fit
#: into the 8,000 bytes of a notification, and are read from the table.
MOST = 60


class _Payload(msgspec.Struct):
    """The JSON of a notice; its names are short to save space."""

    h: str  # hunt
    f: int  # first seq
    l: int  # last seq  # ruff: ignore[ambiguous-variable-name]
    by: str | None = None
    at: str | None = None
    o: msgspec.Raw = msgspec.Raw()  # rows, numbered from the first seq on: 0, 1 ...
    # Rows with the prizes that the clicks drew.  They have a name of their own, because earlier
    # releases would take them for prizes that were won.
    p: msgspec.Raw = msgspec.Raw()
    # As `p`, and some rows got another prize: rows from 1 of `w`, their prizes and points.
    w: msgspec.Raw = msgspec.Raw()
    g: tuple[tuple[int, str, int], ...] = ()
    d: frozenset[int] = frozenset()  # numbers from 1 of the rows that won nothing
    s: frozenset[int] = frozenset()  # numbers of those of them whose prize was sold out


_decode = msgspec.json.Decoder(_Payload).decode
_rows = msgspec.json.Decoder(list[tuple[int, str, str, str | None, int, float, float]]).decode
_encode = msgspec.json.encode


def events(clicks: Sequence[Click]) -> str | None:
    """Return the rows of a batch of new clicks for its notice, or None if they do not fit."""
    if len(clicks) > MOST:
        return None
    rows = [(i, c.id, c.player, c.prize, c.points, c.x, c.y) for i, c in enumerate(clicks)]
    return _encode(rows)[1:-1].decode()


def encode(hunt: str, rewards: Sequence[Reward], *, by: str) -> Iterator[bytes]:
    """Return the notices of a committed batch: one for each time of settlement.

    Args:
        hunt: The id of the hunt.
        rewards: The rewards, at least one, by ascending seq.
        by: Name of the process that committed them.
    """
    # A repeated batch holds rewards that an earlier, unanswered attempt had settled.
    for at, group in groupby(rewards, attrgetter("at")):
        each = list(group)
        first = each[0].seq
        if any(r.code is not None for r in each):  # a code is never in a notice, nor sealed
            yield _encode({"h": hunt, "f": first, "l": each[-1].seq, "by": by})
            continue
        rows = [
            (r.seq - first, r.id, r.player, r.sold_out or r.prize, r.points, r.x, r.y) for r in each
        ]
        body = {"h": hunt, "f": first, "l": each[-1].seq, "by": by, "at": at}
        sold = [number for number, r in enumerate(each, 1) if r.sold_out]
        yield _encode(body | ({"d": sold, "s": sold, "p": rows} if sold else {"o": rows}))


def parse(payload: str | bytes, *, own: Collection[str] = ()) -> Notice:
    """Return the notice in `payload`.

    Args:
        payload: JSON that the function `hunt_commit`, or `encode`, has made.
        own: Names of the processes whose rows are known and therefore left out.

    Raises:
        ValueError: The payload is not a notice.
    """
    raw = _decode(payload)
    rewards = None
    known = raw.at is None or raw.by in own
    rows = None if known else bytes(raw.o) or bytes(raw.p) or bytes(raw.w)
    if rows and raw.at is not None:
        if datetime.fromisoformat(raw.at).tzinfo is None:
            raise ValueError("the time of a notice has no time zone")
        with suppress(
            msgspec.ValidationError
        ):  # rows of another release: the reader falls back to the table
            rewards = tuple(_rewards(raw, rows))
    return Notice(hunt=raw.h, first=raw.f, last=raw.l, rewards=rewards)


def _rewards(raw: _Payload, rows: bytes) -> Iterator[Reward]:
    assert raw.at is not None
    test = is_test(raw.h)
    given = {ordinal: (prize, points) for ordinal, prize, points in raw.g}
    for ordinal, row in enumerate(_rows(rows), 1):
        number, id_, player, prize, points, x, y = row
        sold_out = None
        if ordinal in raw.d:
            prize, points, sold_out = None, 0, prize if ordinal in raw.s else None
        elif ordinal in given:
            prize, points = given[ordinal]
        yield Reward(raw.f + number, id_, player, prize, points, raw.at, x, y, sold_out, test=test)
