"""Turns of a load: A B C, A B C, so that a slower machine affects all servers alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def alternate(each: Sequence[T], rounds: int, turn: Callable[[T], R]) -> list[list[R]]:
    """Take a turn with each one in every round; return the results of each.

    Args:
        each: Those that take turns.
        rounds: >= 1.
        turn: Takes the turn of one of them.
    """
    found: list[list[R]] = [[] for _ in each]
    for _ in range(rounds):
        for results, whose in zip(found, each, strict=True):
            results.append(turn(whose))
    return found
