"""Hunts in every state that a click can meet."""

from __future__ import annotations

from datetime import UTC, datetime

from hunt.core.definition import Definition, Prize
from hunt.core.hunts import Hunt

NOTHING = Definition("harbour", "Harbour", 100, 100, None, None, 0, ())
SURE = Prize("coin", "Coin", 7, 1.0, None, None)
TIMED = Definition(
    "timed", "Timed", 1, 1, datetime(2026, 1, 1, tzinfo=UTC), None, 0, (SURE,)
)  # fmt: skip


def hunt(definition: Definition, state: str = "open") -> Hunt:
    return Hunt(
        definition=definition, version=1, state=state, epoch="k1", last_seq=0,  # type: ignore[arg-type]
        seed=b"s" * 32, stock_left={}, as_of=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


HUNTS = {
    "broken": hunt(NOTHING),
    "harbour": hunt(NOTHING),
    "timed": hunt(TIMED),
    "draft": hunt(TIMED, "draft"),
}
