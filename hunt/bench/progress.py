"""A progress line on a terminal."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TextIO

from hunt.bench.run import Run


class ProgressLine:
    """A line that is overwritten in place; it is shown only on a terminal."""

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self._label = label
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._before: tuple[float, int] | None = None

    def say(self, text: str) -> None:
        """Replace the line."""
        if self._shown:
            self._stream.write(f"\r\x1b[K{self._label}: {text}")
            self._stream.flush()

    def clicks(self, run: Run, now: float) -> None:
        """Show the progress of a run."""
        if not self._shown:
            return
        settled = run.settled
        since, count = self._before or (run.began, 0)
        if since < run.began:
            since, count = run.began, 0
        self._before = now, settled
        rate = (settled - count) / max(now - since, 1e-9)
        others = run.sent - settled
        passed = perf_counter() - run.began
        self.say(
            f"{passed:4.0f} of {run.seconds:.0f} s  {settled:,} settled  {rate:,.0f}/s"
            f"  {others:,} in flight or refused"
        )

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
