"""A hunt's log in memory, with the behaviour of PostgreSQL: the reference of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from hunt.core.definition import Definition, Prize
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.grants import Grants
from hunt.core.hunts import Hunt
from hunt.core.maps import Map
from hunt.errors import ClickConflict, HuntNotFound
from hunt.testing.stored_log import PrizeCount, StoredLog

HUNT = "harbour"
EPOCH = "k1"
DEFINITION = Definition(
    HUNT, "Harbour", Map.sized(100, 100), None, None, 0.0,
    (
        Prize("coin", "Coin", 5, 0.6, 6, None),
        Prize("shell", "Shell", 1, 0.3, None, 2),
    ),
)  # fmt: skip

START = datetime(2026, 1, 1, tzinfo=UTC)

#: Rewards that fit into a notice.
FITS = 4


class Ledger:
    """One hunt's log; each call is atomic, as under the lock on the hunt's row."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.rows: list[Reward] = []
        self.grants = Grants(DEFINITION)
        self.listeners: list[Callable[[str], None]] = []
        self.rejected: list[str] = []
        self._clock = clock
        self._clicks: dict[str, tuple[Click, Reward]] = {}

    def hunt(self) -> Hunt:
        left = {
            each.id: each.stock - self.grants.granted[each.id]
            for each in DEFINITION.prizes
            if each.stock
        }
        return Hunt(
            definition=DEFINITION, version=1, state="open", epoch=EPOCH, last_seq=len(self.rows),
            seed=b"simulated", stock_left=left, as_of=START,
        )  # fmt: skip

    def commit(self, hunt: str, clicks: Sequence[Click], by: str) -> list[Outcome]:
        """Settle a batch, and notify."""
        if hunt != HUNT:
            raise HuntNotFound(hunt)
        first = len(self.rows) + 1
        outcomes = [self._settle(click) for click in clicks]
        new = self.rows[first - 1 :]
        if new:
            self._notify(first, new, by)
        return outcomes

    def _settle(self, click: Click) -> Outcome:
        known = self._known(click)
        if known is not None:
            before, reward = known
            if (before.player, before.x, before.y) != (click.player, click.x, click.y):
                return ClickConflict("another click")
            return Settlement(reward, duplicate=True)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._clock())
        given = self.grants.settle(click.prize, click.player, (click.x, click.y), at)
        reward = Reward(
            len(self.rows) + 1,
            click.id,
            click.player,
            given.prize,
            click.points if given.prize else 0,
            at.isoformat(),
            click.x,
            click.y,
            given.sold_out,
        )
        self.rows.append(reward)
        self._clicks[click.id] = click, reward
        return Settlement(reward, duplicate=False)

    def _known(self, click: Click) -> tuple[Click, Reward] | None:
        return self._clicks.get(click.id)

    def _notify(self, first: int, new: Sequence[Reward], by: str) -> None:
        payload: dict[str, object] = {"h": HUNT, "f": first, "l": first + len(new) - 1, "by": by}
        if len(new) <= FITS and not any(row.sold_out for row in new):
            payload["at"] = new[0].at
            payload["o"] = [
                (number, r.id, r.player, r.prize, r.points, r.x, r.y)
                for number, r in enumerate(new)
            ]
        text = msgspec.json.encode(payload).decode()
        for listener in tuple(self.listeners):
            listener(text)

    def read(self, after: int, upto: int, limit: int) -> list[Reward]:
        return self.rows[after:upto][:limit]

    def history(self, player: str, after: int, limit: int) -> list[Reward]:
        return [row for row in self.rows[after:] if row.player == player][:limit]

    def books(self) -> StoredLog:
        """Return the stored log for the oracle."""
        stocks = [
            PrizeCount(
                prize=each.id,
                stock=each.stock,
                granted=self.grants.granted[each.id],
                per_player=each.per_player,
            )
            for each in DEFINITION.prizes
        ]
        return StoredLog(
            hunt=HUNT, epoch=EPOCH, last_seq=len(self.rows), rows=self.rows, stocks=stocks
        )
