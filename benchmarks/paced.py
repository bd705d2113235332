"""hunt's application with another pace of its lanes: `hypercorn -k trio benchmarks.paced:app`.

With BENCHMARK_PACE each batch of a busy lane leaves so many seconds after the one before, or,
with an x behind it, so many times the smoothed time of a commit.
No operator has a use for that, so it is no setting.
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
        Lane._pace = lambda self: min(TIMES * self._commit_time, self._batch_interval)  # ruff: ignore[private-member-access]
    else:
        SECONDS = float(text)
        Lane._pace = lambda self: SECONDS  # ruff: ignore[private-member-access]
