"""The quarantine of hunts: the database fails for them, but serves the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

#: Length in seconds of the first pause, and of the longest one.
FIRST, LONGEST = 0.5, 15.0

#: Seconds after a pause without a commit, after which a hunt is no longer in quarantine.
FORGOTTEN = 60.0


class _Case(Struct):
    """A hunt whose last commit failed."""

    failures: int  # consecutive
    until: float  # end of the pause, by the clock; the next commit is a trial


class Quarantine:
    """Pauses the commits of single hunts, for a time that doubles with each failure.

    After a pause the next batch is a trial.  A lane has one commit in flight, so each hunt
    has at most one trial at a time.

    Args:
        clock: Monotonic time, in seconds.
        jitter: Uniform in [0, 1); spreads the second half of each pause.
    """

    def __init__(self, clock: Callable[[], float], *, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._cases: dict[str, _Case] = {}

    @property
    def hunts(self) -> Mapping[str, object]:
        """The hunts whose last commit failed."""
        return self._cases

    def pause(self, hunt: str) -> float:
        """Return the seconds for which a hunt refuses clicks; 0 if it may commit."""
        case = self._cases.get(hunt)
        return 0.0 if case is None else max(case.until - self._clock(), 0.0)

    def rotate(self) -> None:
        """Release the hunts that get no more clicks; call this regularly."""
        now = self._clock()
        for hunt in [hunt for hunt, case in self._cases.items() if now - case.until > FORGOTTEN]:
            del self._cases[hunt]

    def failed(self, hunt: str) -> float:
        """Start the next pause of a hunt, and return its length in seconds."""
        case = self._cases.setdefault(hunt, _Case(0, 0.0))
        bound = min(FIRST * 2.0**case.failures, LONGEST)
        pause = bound * (0.5 + 0.5 * self._jitter())
        case.failures = min(case.failures + 1, 30)  # 2.0**30 is past any bound
        case.until = self._clock() + pause
        return pause

    def succeeded(self, hunt: str) -> bool:
        """Release a hunt; return whether it was in quarantine."""
        return self._cases.pop(hunt, None) is not None
