"""Faults by name: each is in force for as long as its block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

Fault = Callable[..., AbstractAsyncContextManager[None]]

FAULTS: dict[str, Fault] = {}


def fault(function: Fault) -> Fault:
    """Let scripts call a fault by its name."""
    FAULTS[function.__name__] = function
    return function
