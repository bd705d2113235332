"""Verification of a log: compute each draw again from the seed, and compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from hunt.core.definition import Definition, Prize
from hunt.core.fairness import Draws
from hunt.core.odds import Odds
from hunt.core.player_ids import ERASED_PREFIX

#: Time before and after a change in which a click may be drawn by either version.  Clicks
#: wait for their commit, and processes learn of a change a moment later.
OVERLAP = timedelta(seconds=15)

#: Pseudonym of an erased player: the draw was keyed with the former id.
_ERASED = re.compile(ERASED_PREFIX + r"[0-9a-f]{16}", re.ASCII)

Verdict = Literal["right", "denied", "erased", "wrong"]


class Drawn(Struct, frozen=True):
    """One row of a log, with all inputs of its draw."""

    seq: int
    id: str  #: of the click
    player: str
    x: float
    y: float
    prize: str | None
    points: int
    at: datetime


class Edition(Struct, frozen=True):
    """A definition, and the time from which it was in force."""

    since: datetime
    definition: Definition


class Verifier:
    """Compares rows of a log with their draws.

    Args:
        seed: Seed of the hunt.
        editions: All versions of its definition, oldest first; at least one.
        name: Returns the name of a player with which clicks are drawn.
    """

    def __init__(
        self,
        seed: bytes,
        editions: Sequence[Edition],
        name: Callable[[str], str] = lambda player: player,
    ) -> None:
        self._name = name
        self._draws = Draws(seed)
        ends = [each.since for each in editions[1:]]
        self._editions = [
            (each.since, end, _Rules(each.definition))
            for each, end in zip(editions, [*ends, None], strict=True)
        ]

    def judge(self, row: Drawn) -> Verdict:
        """Return the verdict on a row.

        ``denied`` is a draw of a prize that was not granted, because of its stock, its times or
        a limit of the player.  The caller checks that against the counts of the log.
        """
        if _ERASED.fullmatch(row.player):
            return "erased"
        verdicts = {self._judge(row, rules) for rules in self._in_force(row.at)}
        for verdict in ("right", "denied"):
            if verdict in verdicts:
                return verdict
        return "wrong"

    def _judge(self, row: Drawn, rules: _Rules) -> Verdict:
        drawn = rules.draw(row.x, row.y, self._draws.uniform(row.id, self._name(row.player)))
        if row.prize is None:
            if row.points != 0 or not (drawn is None or rules.may_deny(drawn)):
                return "wrong"
            return "right" if drawn is None else "denied"
        won = rules.may_get(drawn).get(row.prize)
        return "right" if won is not None and row.points == won.points else "wrong"

    def _in_force(self, at: datetime) -> list[_Rules]:
        """Return the rules that may have applied to a click settled at `at`."""
        found = [
            rules
            for since, end, rules in self._editions
            if since <= at + OVERLAP and (end is None or at <= end + OVERLAP)
        ]
        return found or [self._editions[0][2]]


class _Rules:
    """The possible outcomes of a draw, by one version of the definition."""

    def __init__(self, definition: Definition) -> None:
        self.draw = Odds(definition).draw
        self._definition = definition
        self._prizes = {prize.id: prize for prize in definition.prizes}
        self._firsts = {prize.id: prize for prize in definition.prizes if prize.first}

    def may_deny(self, prize: Prize) -> bool:
        """Return whether a draw of this prize may get nothing."""
        return bool(
            prize.is_counted
            or prize.per_player is not None
            or prize.starts
            or prize.until
            or self._definition.max_wins
        )

    def may_get(self, drawn: Prize | None) -> dict[str, Prize]:
        """Return the prizes that a click may get: what it drew, its overflow, a first click's."""
        found = dict(self._firsts)
        while drawn is not None:
            found[drawn.id] = drawn
            drawn = self._prizes.get(drawn.overflow or "")
        return found
