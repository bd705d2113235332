"""The outcomes of a batch, from the rows that the SQL function `hunt_commit` returns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap

from msgspec.structs import replace

from hunt.core import codes
from hunt.core.definition import is_test
from hunt.core.events import Click, Outcome, Receipt, Reward, Settlement
from hunt.core.key_ring import KeyRing
from hunt.errors import (
    ClickConflict,
    HuntFailed,
    HuntNotOpen,
    NoAttempts,
    SealError,
    TooFar,
    TooFast,
)

NEW, REPEAT, CONFLICT, COOLDOWN, NOT_OPEN, NO_ATTEMPTS, TOO_FAR = range(7)  # verdicts

#: ord, verdict, seq, prize, points, at, retry, denied, sold, sold_out, head, upto, codes.
Row = tuple[
    int, int, int | None, str | None, int | None, str, float | None, list[int] | None,
    list[int] | None, str | None, str | None, int, list[bytes | None] | None,
]  # fmt: skip


def read(ring: KeyRing, hunt: str, clicks: Sequence[Click], rows: Sequence[Row]) -> list[Outcome]:
    """Return one outcome for each click, in the same order.

    Args:
        ring: Keys of the hunt's codes.
        hunt: Id of the hunt.
        clicks: The batch.
        rows: The result of `hunt_commit`.

    Raises:
        HuntFailed: A code cannot be opened.  The clicks are recorded.
    """
    if rows[0][0] == 0:
        outcomes = _all_new(clicks, rows[0])
    else:
        outcomes = list(starmap(_outcome, zip(clicks, rows, strict=True)))
    for row in rows:
        for packed in row[-1] or ():
            if packed is not None:
                number = row[0] or codes.number(packed)
                settled = outcomes[number - 1]
                assert isinstance(settled, Settlement)
                reward = with_code(ring, hunt, settled.reward, packed)
                outcomes[number - 1] = Settlement(reward, settled.duplicate, settled.receipt)
    return outcomes


def with_code(ring: KeyRing, hunt: str, reward: Reward, packed: bytes | None) -> Reward:
    """Return a reward with its code, if it has one.

    Args:
        ring: Keys of the hunt's codes.
        hunt: Id of the hunt.
        reward: The reward.
        packed: Its code as the database returns it; None if it has none.

    Raises:
        HuntFailed: The code cannot be opened.
    """
    if packed is None:
        return reward
    assert reward.prize is not None
    try:
        return replace(reward, code=codes.opened(ring, hunt, reward.prize, packed))
    except SealError as exc:
        raise HuntFailed(f"a code of hunt {hunt!r} cannot be read: {exc}") from None


def of_hunt(hunt: str, reward: Reward) -> Reward:
    """Return a reward that says whether it is of a test hunt."""
    return replace(reward, test=True) if is_test(hunt) else reward


def marked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes of a test hunt, whose rewards say so."""
    return [
        replace(each, reward=replace(each.reward, test=True))
        if isinstance(each, Settlement)
        else each
        for each in outcomes
    ]


def _all_new(clicks: Sequence[Click], row: Row) -> list[Outcome]:
    _, _, seq, _, _, at, _, denied, sold, _, head, upto, _ = row
    assert seq is not None
    receipt = None if head is None else Receipt(upto, head)
    outcomes: list[Outcome] = [
        Settlement(
            Reward(number, each.id, each.player, each.prize, each.points, at, each.x, each.y),
            False,
            receipt,
        )
        for number, each in enumerate(clicks, seq + 1)
    ]
    for number in denied or ():
        won = outcomes[number - 1]
        assert isinstance(won, Settlement)
        sold_out = won.reward.prize if sold and number in sold else None
        reward = replace(won.reward, prize=None, points=0, sold_out=sold_out)
        outcomes[number - 1] = Settlement(reward, False, receipt)
    return outcomes


def _outcome(click: Click, row: Row) -> Outcome:
    _, verdict, seq, prize, points, at, retry, _, _, sold_out, head, upto, _ = row
    if verdict in {NEW, REPEAT}:
        assert seq is not None
        assert points is not None
        reward = Reward(seq, click.id, click.player, prize, points, at, click.x, click.y, sold_out)
        receipt = None if head is None else Receipt(upto, head)
        return Settlement(reward, verdict == REPEAT, receipt)
    if verdict == CONFLICT:
        return ClickConflict("this click id was used before, for another click")
    if verdict == COOLDOWN:
        return TooFast(retry_after=max(retry or 0.0, 0.0))
    if verdict == NO_ATTEMPTS:
        return NoAttempts(seconds=retry)
    if verdict == TOO_FAR:
        return TooFar(retry_after=max(retry or 0.0, 0.0))
    return HuntNotOpen(opens_at=None, closes_at=None)
