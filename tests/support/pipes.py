"""Pipes that are full."""

from __future__ import annotations

import os


def fill(write: int) -> int:
    """Write to a pipe until it is full; return how many bytes it took."""
    os.set_blocking(write, False)
    count = 0
    try:
        while True:
            count += os.write(write, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(write, True)
        return count
