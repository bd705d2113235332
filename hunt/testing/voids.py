"""Void rewards: units that return to the stock, at their place in the order of the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hunt.core.events import Reward

#: Seq of each void reward -> when it was voided, by the database's clock.
Voids = Mapping[int, datetime]


def with_returns(
    rows: Sequence[Reward], voids: Voids, prize: str
) -> Iterator[tuple[Reward, list[Reward]]]:
    """Yield each row, with the rewards of a prize that were voided since the row before.

    Commits and voids of a hunt take turns, and each takes its time under the same lock.

    Args:
        rows: Rows of the log, by ascending seq.
        voids: All void rewards of the hunt.
        prize: Id of the prize.
    """
    won = {row.seq: row for row in rows if row.prize == prize}
    waiting = sorted(((at, won[seq]) for seq, at in voids.items() if seq in won), key=_order)
    waiting.reverse()
    for row in rows:
        returned = []
        while waiting and waiting[-1][0] <= datetime.fromisoformat(row.at):
            returned.append(waiting.pop()[1])
        yield row, returned


def _order(void: tuple[datetime, Reward]) -> tuple[datetime, int]:
    return void[0], void[1].seq
