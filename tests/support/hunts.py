"""Hunts for tests: in every state that a click can meet, and with a time of their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hunt.core.definition import Definition, Prize
from hunt.core.hunts import Hunt
from hunt.core.maps import Map

NOTHING = Definition("harbour", "Harbour", Map.sized(100, 100), None, None, 0, ())
SURE = Prize("coin", "Coin", 7, 1.0, None, None)
TIMED = Definition(
    "timed", "Timed", Map.sized(1, 1), datetime(2026, 1, 1, tzinfo=UTC), None, 0, (SURE,)
)  # fmt: skip


def hunt(definition: Definition, state: str = "open") -> Hunt:
    return Hunt(
        definition=definition, version=1, state=state, epoch="k1", last_seq=0,  # type: ignore[arg-type]
        seed=b"s" * 32, stock_left={}, as_of=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


HUNTS = {
    "broken": hunt(replace(NOTHING, id="broken")),
    "harbour": hunt(NOTHING),
    "timed": hunt(TIMED),
    "draft": hunt(TIMED, "draft"),
}

START = datetime(2026, 11, 1, tzinfo=UTC)
PLAIN = Hunt(
    definition=Definition("harbour", "Harbour", Map.sized(1, 1), None, None, 0.0, ()), version=1,
    state="open", epoch="k1", last_seq=0, seed=b"s" * 32, stock_left={}, as_of=START,
)  # fmt: skip


def named(hunt: str) -> Hunt:
    """Return an open hunt with this id."""
    return replace(PLAIN, definition=replace(PLAIN.definition, id=hunt))


def closing(seconds: float, **changes: object) -> Hunt:
    """Return a hunt that closes a number of seconds after `START`."""
    definition = replace(PLAIN.definition, closes_at=START + timedelta(seconds=seconds))
    return replace(PLAIN, definition=definition, **changes)  # type: ignore[arg-type]
