"""hunt's application with another pace of its lanes: `hypercorn -k trio benchmarks.paced:app`.

BENCHMARK_PACE is the interval between batches of a busy lane: in seconds; as in `2x`, in usual
durations of a commit; or `mean`, for twice the smoothed duration.  No operator needs that, so it is
not a setting.
"""

from __future__ import annotations

import os

from hunt.asgi import app
from hunt.service.lane import Lane

__all__ = ["app"]

if "BENCHMARK_PACE" in os.environ:
    text = os.environ["BENCHMARK_PACE"]
    assert callable(Lane._pace), "what is replaced"  # ruff: ignore[private-member-access]
    if text.endswith("x"):
        TIMES = float(text[:-1])
        Lane._pace = lambda self: min(TIMES * self._usual_time, self._batch_interval)  # ruff: ignore[private-member-access]
    elif text == "mean":
        Lane._pace = lambda self: min(2 * self._commit_time, self._batch_interval)  # ruff: ignore[private-member-access]
    else:
        SECONDS = float(text)
        Lane._pace = lambda self: SECONDS  # ruff: ignore[private-member-access]
