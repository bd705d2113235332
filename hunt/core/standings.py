"""A leaderboard as it stood at some point of the log."""

from __future__ import annotations

from msgspec import Struct


class Leader(Struct, frozen=True):
    """One player's points."""

    player: str
    points: int  #: >= 0
    wins: int  #: >= 1


class Standing(Struct, frozen=True):
    """The best of a hunt."""

    seq: int  #: up to which the log has been added up, >= 0
    leaders: tuple[Leader, ...]  #: the best first
