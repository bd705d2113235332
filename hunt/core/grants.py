"""The rule that decides whether a drawn prize is granted: its stock, and the player's limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hunt.core.definition import Prize


class Grants:
    """The grants of a hunt's prizes so far.

    States the rule of the SQL function `hunt_commit` for code that has no database. A
    property test in ``tests/store/test_grants.py`` compares the two.

    Args:
        prizes: All prizes of the hunt.
    """

    def __init__(self, prizes: Iterable[Prize]) -> None:
        self._prizes = {prize.id: prize for prize in prizes}
        self._by_player: Counter[tuple[str, str]] = Counter()
        self.granted: Counter[str] = Counter()  #: number of grants, by prize

    def grant(self, prize_id: str, player: str) -> bool:
        """Grant a prize to a player; return False if its stock or the player's limit is used up.

        Draws are passed in commit order. A draw over the player's limit uses no stock.
        """
        prize = self._prizes[prize_id]
        if prize.per_player is not None and self._by_player[player, prize_id] >= prize.per_player:
            return False
        if prize.stock is not None and self.granted[prize_id] >= prize.stock:
            return False
        self._by_player[player, prize_id] += 1
        self.granted[prize_id] += 1
        return True
