"""A hunt's leaderboard at one position of its log."""

from __future__ import annotations

from msgspec import Struct


class LeaderboardEntry(Struct, frozen=True):
    """The points and wins of one player."""

    player: str
    points: int  #: >= 0
    wins: int  #: >= 1


class LeaderboardSnapshot(Struct, frozen=True):
    """The best players of a hunt."""

    seq: int  #: last row of the log that is counted, >= 0
    entries: tuple[LeaderboardEntry, ...]  #: the best first
