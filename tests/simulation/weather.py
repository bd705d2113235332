"""The faults in force at a moment, as data, so that a failure can be shown and repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, get_args

from hypothesis import strategies as st

#: The effects of a spell.
Kind = Literal[
    "slow",  # answers late, some past the deadline
    "lost before",  # the connection breaks, nothing was recorded
    "lost after",  # the connection breaks, all was recorded
    "late",  # no answer in time, and it is recorded afterwards
    "frozen",  # no answer in time, and nothing is recorded
    "unavailable",  # no connection
    "read-only",  # the other server of the pair
    "conflict",  # a deadlock's victim
    "statement",  # a lock or statement takes too long in the server
    "hunt fails",  # the server fails for this hunt by itself
    "anything",  # each call meets one of the above, or none
    "deaf",  # the listener's connection breaks, and reconnects fail
    "notices lost",
    "notices late",  # therefore also in another order
    "notices twice",
    "stop",  # the process is killed, and started again when the spell is over
    "drain",  # the same, but it drains before it ends
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault, and when it is in force; times are whole tenths of a second."""

    kind: Kind
    at: int
    tenths: int
    process: int  #: 0 or 1, or 2 for both
    every: int  #: hits each n-th call or notice, >= 1


@dataclass(frozen=True, slots=True)
class Script:
    """The complete description of a run."""

    seed: int
    spells: tuple[Spell, ...] = ()
    players: int = 2
    clicks: int = 6  #: of each player


#: Tenths of a second in which faults are in force; later there are none.
STORM = 50


def scripts() -> st.SearchStrategy[Script]:
    spells = st.builds(
        Spell,
        kind=st.sampled_from(KINDS),
        at=st.integers(0, STORM - 1),
        tenths=st.integers(1, 30),
        process=st.integers(0, 2),
        every=st.integers(1, 3),
    )
    return st.builds(
        Script,
        seed=st.integers(0, 2**32 - 1),
        spells=st.lists(spells, max_size=6).map(tuple),
        players=st.integers(1, 3),
        clicks=st.integers(1, 10),
    )


class Weather:
    """The faults of a script for one process."""

    def __init__(self, script: Script, process: int) -> None:
        self._spells = [each for each in script.spells if each.process in {process, 2}]
        self._hits: dict[Spell, int] = {}
        self.random = random.Random(script.seed * 2 + process)

    def ends(self, spell: Spell) -> float:
        return min(spell.at + spell.tenths, STORM) / 10

    def now(self, time: float, *kinds: Kind) -> Kind | None:
        """Return the first of `kinds` that is in force, and hits this time."""
        for spell in self._spells:
            here = spell.kind in kinds or (spell.kind == "anything" and "slow" in kinds)
            if here and spell.at / 10 <= time < self.ends(spell):
                count = self._hits[spell] = self._hits.get(spell, 0) + 1
                if count % spell.every == 0:
                    return self.random.choice(kinds) if spell.kind == "anything" else spell.kind
        return None

    def spells(self, *kinds: Kind) -> list[Spell]:
        """Return the spells of `kinds`, in the order in which they begin."""
        return sorted((s for s in self._spells if s.kind in kinds), key=lambda s: s.at)
