"""A hunt's leaderboard at one position of its log."""

from __future__ import annotations

from msgspec import Struct


class LeaderboardEntry(Struct, frozen=True):
    """The points and wins of one player."""

    player: str
    points: int  #: >= 0
    wins: int  #: >= 1
    name: str | None = None  #: that others may see; None: the masked id


class Standing(Struct, frozen=True):
    """The points, wins and rank of one player."""

    points: int  #: >= 0
    wins: int  #: >= 1
    rank: int | None  #: >= 1; None: beyond the ranks that are counted


class LeaderboardSnapshot(Struct, frozen=True):
    """The best players of a hunt."""

    seq: int  #: last row of the log that is counted, >= 0
    entries: tuple[LeaderboardEntry, ...]  #: the best first
