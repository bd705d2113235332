"""What one process tells the others of a commit, as the store writes it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from hunt.core.events import Click, Notice, Reward

#: Clicks of a batch, at most, that are worth telling; larger ones do not fit
#: into the 8,000 bytes of a notice, and are read from the table.
MOST = 60


class _Payload(msgspec.Struct):
    """The JSON of a notice; short names, because 8,000 bytes is all there is."""

    h: str  # hunt
    f: int  # first seq
    l: int  # last seq  # ruff: ignore[ambiguous-variable-name]
    by: str | None = None
    at: str | None = None
    o: msgspec.Raw = msgspec.Raw()  # rows, numbered from the first seq on: 0, 1 ...


_decode = msgspec.json.Decoder(_Payload).decode
_rows = msgspec.json.Decoder(list[tuple[int, str, str, str | None, int, float, float]]).decode
_encode = msgspec.json.encode


def events(clicks: Sequence[Click]) -> str | None:
    """Return what a notice says of a batch, if all of it is new; None where it is too much."""
    if len(clicks) > MOST:
        return None
    rows = [(i, c.id, c.player, c.prize, c.points, c.x, c.y) for i, c in enumerate(clicks)]
    return _encode(rows)[1:-1].decode()


def parse(payload: str, *, own: str | None = None) -> Notice:
    """Return the notice in `payload`.

    Args:
        payload: As `hunt_commit` sends it.
        own: The name of this process, whose rows are known already and left out.

    Raises:
        ValueError: It is none.
    """
    raw = _decode(payload)
    rewards = None
    rows = bytes(raw.o)
    if rows and raw.at is not None and (own is None or raw.by != own):
        at = raw.at
        if datetime.fromisoformat(at).tzinfo is None:
            raise ValueError("the time of a notice has no time zone")
        with suppress(msgspec.ValidationError):  # rows of another release: read from the table
            rewards = tuple(
                Reward(raw.f + number, id_, player, prize, points, at, x, y)
                for number, id_, player, prize, points, x, y in _rows(rows)
            )
    return Notice(hunt=raw.h, first=raw.f, last=raw.l, rewards=rewards)
