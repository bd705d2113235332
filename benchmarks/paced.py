"""hunt's application with another pace of its lanes: `hypercorn -k trio benchmarks.paced:app`.

With BENCHMARK_PACE each batch of a busy lane leaves so many seconds after the one before.
No operator has a use for that, so it is no setting.
"""

from __future__ import annotations

import os

from hunt.asgi import app
from hunt.service.lane import Lane

__all__ = ["app"]

if "BENCHMARK_PACE" in os.environ:
    SECONDS = float(os.environ["BENCHMARK_PACE"])
    assert callable(Lane._pace), "what is replaced"  # ruff: ignore[private-member-access]
    Lane._pace = lambda self: SECONDS  # ruff: ignore[private-member-access]
