"""What one process tells the others of a commit, as the store writes it."""

from __future__ import annotations

import msgspec

from hunt.core.events import Notice, Reward


class _Payload(msgspec.Struct):
    """The JSON of a notice; one letter a name, because 8,000 bytes is all there is."""

    h: str  # hunt
    f: int  # first seq
    l: int  # last seq  # ruff: ignore[ambiguous-variable-name]
    at: str | None = None
    e: list[tuple[int, str, str, str | None, int]] | None = None


_decode = msgspec.json.Decoder(_Payload).decode


def parse(payload: str) -> Notice:
    """Return the notice in `payload`.

    Raises:
        ValueError: It is none.
    """
    raw = _decode(payload)
    rewards = None
    if raw.e is not None and raw.at is not None:
        at = raw.at
        rewards = tuple(
            Reward(seq=seq, id=id_, player=player, prize=prize, points=points, at=at)
            for seq, id_, player, prize, points in raw.e
        )
    return Notice(hunt=raw.h, first=raw.f, last=raw.l, rewards=rewards)
