"""Turns of a load: A B C, A B C, so that a machine that grows slower does so for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def alternate(each: Sequence[T], rounds: int, turn: Callable[[T], R]) -> list[list[R]]:
    """Give everybody a turn in each round; return what came out, for each of them.

    Args:
        each: Who takes turns.
        rounds: >= 1.
        turn: Called with whose turn it is.
    """
    found: list[list[R]] = [[] for _ in each]
    for _ in range(rounds):
        for results, whose in zip(found, each, strict=True):
            results.append(turn(whose))
    return found
