"""Crowds of a simulation: where its players click."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from hunt.core.definition import Definition
from hunt.core.expected_value import located

#: ``uniform``: anywhere.  ``hints``: around a random position of the hunt.  ``bots``: at the
#: position with the highest expected value.
Crowd = Literal["uniform", "hints", "bots"]

CROWDS: tuple[Crowd, ...] = get_args(Crowd)

#: Shares of players by crowd, relative to their sum.
Shares = Mapping[Crowd, float]

UNIFORM: Shares = {"uniform": 1.0}

#: The golden ratio: its multiples divide the players of each crowd evenly over their numbers.
_GOLDEN = (math.sqrt(5) - 1) / 2


class Crowds:
    """Assigns players to crowds, and draws the positions of their clicks.

    Args:
        definition: The hunt.
        shares: Shares of the players; their sum is > 0.
        spread: Standard deviation around hints, as a share of the map's width and height.
        best: Position of bots.
        uniform: Returns a random number in [0, 1).
    """

    def __init__(
        self,
        definition: Definition,
        shares: Shares,
        *,
        spread: float,
        best: tuple[float, float],
        uniform: Callable[[], float],
    ) -> None:
        self._map = definition.map
        self._spread = spread
        self._best = best
        self._uniform = uniform
        self._hints = [at for _, at in located(definition)]
        self._edges: list[tuple[float, Crowd]] = []
        total, edge = math.fsum(shares.values()), 0.0
        for crowd, share in shares.items():
            edge += share / total
            self._edges.append((edge, crowd))

    def of(self, player: int) -> Crowd:
        """Return the crowd of a player, by number; always the same one."""
        share = (player + 0.5) * _GOLDEN % 1
        return next((crowd for edge, crowd in self._edges if share < edge), self._edges[-1][1])

    def position(self, crowd: Crowd) -> tuple[float, float]:
        """Return the position of a click of a crowd."""
        on, uniform = self._map, self._uniform
        if crowd == "uniform" or not self._hints:
            return on.at(uniform(), uniform())
        if crowd == "bots":
            return self._best
        x, y = self._hints[int(uniform() * len(self._hints))]
        # Two normal deviates in polar form (G. E. P. Box, M. E. Muller, 1958).
        length = math.sqrt(-2 * math.log(1 - uniform())) * self._spread
        angle = 2 * math.pi * uniform()
        x += length * math.cos(angle) * (on.east - on.west)
        y += length * math.sin(angle) * (on.north - on.south)
        return min(max(x, on.west), on.east), min(max(y, on.south), on.north)
