"""The state of the bus of one process, for metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Link:
    """State and counts; only the bus changes them."""

    connected: bool = False  #: notices of other processes arrive
    published: int = 0  #: notices that the server has accepted
    #: Notices that were not published: ``full``: the buffer had no room; ``old``: they had
    #: waited too long; ``failed``: the server did not confirm them.
    dropped: Counter[str] = field(default_factory=lambda: Counter(full=0, old=0, failed=0))
    #: Lost connections, invalid notices, and notices that arrived faster than they were read.
    faults: Counter[str] = field(default_factory=lambda: Counter(lost=0, odd=0, overflow=0))
