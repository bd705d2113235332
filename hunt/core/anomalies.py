"""Anomalies of players: the figures of their recent clicks, and which of them are unusual.

The thresholds are in ``docs/reference/anomalies.md``, with the false positives that were
measured on simulated honest players.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

#: Seconds of a pause that still count as time in which a player clicked.
PAUSE = 10.0

#: Clicks a second, while the player clicks, from which the rate is unusual.
RATE = 6.0

#: Intervals between clicks that the rate and the regularity need.
LEAST_INTERVALS = 100

#: Coefficient of variation of the intervals, below which they are unusually regular.
REGULAR = 0.08

#: Intervals longer than so many times the median are pauses, and left out of the regularity.
PAUSE_MEDIANS = 4.0

#: Wins that make the share of wins comparable.
LEAST_WINS = 5

#: Upper bound of the probability of so many wins, below which they are unusual.
CHANCE = 1e-6

#: Metres from one click to the next, from which the speed between them counts.
JUMP = 1000.0

#: Metres a second, above which such a jump is impossible: 252 km/h.
SPEED = 70.0

#: Jumps, and their share of a player's clicks, from which they are unusual: each wrong fix of a
#: receiver makes two of them.
LEAST_JUMPS, JUMP_SHARE = 3, 0.1

#: Players, at most, in a list.
MOST = 100

Reason = Literal["rate", "regular", "wins", "speed"]


class Figures(Struct, frozen=True, kw_only=True):
    """The recent clicks of one player; None where there is nothing to measure."""

    player: str
    clicks: int
    wins: int
    intervals: int  #: between successive clicks, those without pauses
    active: float  #: seconds: the sum of all intervals, of each at most `PAUSE`
    mean: float | None  #: seconds, of the intervals without pauses, less the hunt's cooldown
    deviation: float | None  #: seconds: standard deviation of the same
    jumps: int = 0  #: jumps of at least `JUMP` metres, faster than `SPEED`
    speed: float | None = None  #: metres a second, of the fastest such jump


class Window(Struct, frozen=True, kw_only=True):
    """The part of a log that was examined."""

    clicks: int
    wins: int
    players: int


class Anomaly(Struct, frozen=True, kw_only=True):
    """A player with unusual figures."""

    player: str
    reasons: list[Reason]  #: not empty
    clicks: int
    wins: int
    expected_wins: float | None  #: by the share of wins of all other players
    chance: float | None  #: upper bound of the probability of so many wins
    rate: float | None  #: clicks a second, without pauses
    intervals: int
    interval_mean: float | None  #: seconds, less the cooldown
    interval_cv: float | None  #: coefficient of variation
    jumps: int
    speed: float | None  #: metres a second


def chance_of(wins: int, expected: float) -> float:
    """Return an upper bound of the probability of at least `wins` wins.

    This is Chernoff's bound; it holds for independent wins with any probabilities.

    Args:
        wins: Number of wins, >= 0.
        expected: Expected number, > 0.
    """
    if wins <= expected:
        return 1.0
    return math.exp(wins - expected - wins * math.log(wins / expected))


def judged(figures: Figures, window: Window) -> Anomaly | None:
    """Return the anomaly of a player; None if nothing is unusual."""
    others = window.clicks - figures.clicks
    expected = chance = None
    if others >= figures.clicks:  # else the others say little about the share of wins
        # One more win, so that a win is never impossible.
        expected = figures.clicks * (window.wins - figures.wins + 1) / (others + 1)
        chance = chance_of(figures.wins, expected)
    rate = figures.intervals / figures.active if figures.active > 0 else None
    cv = None
    if figures.mean and figures.deviation is not None:
        cv = figures.deviation / figures.mean
    enough = figures.intervals >= LEAST_INTERVALS
    reasons: list[Reason] = []
    if enough and rate is not None and rate >= RATE:
        reasons.append("rate")
    if enough and cv is not None and cv < REGULAR:
        reasons.append("regular")
    if figures.wins >= LEAST_WINS and chance is not None and chance < CHANCE:
        reasons.append("wins")
    if figures.jumps >= max(LEAST_JUMPS, JUMP_SHARE * figures.clicks):
        reasons.append("speed")
    if not reasons:
        return None
    return Anomaly(
        player=figures.player,
        reasons=reasons,
        clicks=figures.clicks,
        wins=figures.wins,
        expected_wins=expected,
        chance=chance,
        rate=rate,
        intervals=figures.intervals,
        interval_mean=figures.mean,
        interval_cv=cv,
        jumps=figures.jumps,
        speed=figures.speed,
    )


def anomalies(players: Iterable[Figures], window: Window) -> list[Anomaly]:
    """Return the anomalies of a window, at most `MOST`: those with the most reasons first."""
    found = [each for player in players if (each := judged(player, window)) is not None]
    found.sort(key=lambda each: (-len(each.reasons), -each.clicks, each.player))
    return found[:MOST]
