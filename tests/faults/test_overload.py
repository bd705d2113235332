"""More than a server can do is refused at once, and costs it nothing."""

from __future__ import annotations

from pathlib import Path

import trio

from tests.faults import overload


def test_three_times_the_load_is_answered_or_refused_at_once(template: Path) -> None:
    figures = trio.run(lambda: overload.measure(template, seconds=2.0))
    print(figures)
    assert overload.failures(figures) == []
