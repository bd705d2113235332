"""The streak of a player in a campaign: consecutive doors."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class DoorPlayed(Struct, frozen=True):
    """A door that has opened, as one player has played it."""

    is_open: bool  #: whether the player may still play
    counts: bool  #: whether the player has played, or won, as the campaign asks for


class Streak(Struct, frozen=True):
    """The streak of one player."""

    current: int  #: doors of the run that ends at the latest one, >= 0
    longest: int  #: doors of the longest run, >= `current`


def streak(doors: Iterable[DoorPlayed]) -> Streak:
    """Return the streak over doors in their order; doors that are still coming are left out.

    The run at the end survives doors that count not yet, as long as they are open.
    """
    run = longest = current = 0
    for door in doors:
        if door.counts:
            run += 1
            current = run
        else:
            run = 0
            if not door.is_open:
                current = 0
        longest = max(longest, run)
    return Streak(current, longest)
