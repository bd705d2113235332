"""The schedule of a hunt: acts of an operator at a later time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from hunt.core import announcements
from hunt.core.definition import Definition, Even, Moments, Prize, Step
from hunt.core.form import ID, VALID_ID
from hunt.core.hunt_file import from_json, to_json
from hunt.errors import WrongState

Action = Literal["open", "pause", "resume", "close", "release", "announce"]

ACTIONS: tuple[Action, ...] = get_args(Action)

#: ``waiting`` until it is settled; the others are final.
EntryState = Literal["waiting", "done", "failed", "dropped"]

#: Most units of one release.
MOST_COUNT = 2**31 - 1

#: Most seconds of ``within``: a year.
MOST_WITHIN = 366 * 86400


class NewEntry(Struct, frozen=True, kw_only=True):
    """An entry to be added."""

    at: datetime  #: with its offset
    action: Action
    text: str | None = None  #: of an announcement; None withdraws the last one
    prize: str | None = None  #: of a release
    count: int | None = None  #: units, >= 1, of a release
    within: float | None = None  #: seconds, > 0, after which it is dropped; None: never


class ScheduleEntry(NewEntry, frozen=True, kw_only=True):
    """An entry of the schedule, as stored."""

    id: int
    state: EntryState
    actor: str  #: who has added it
    created_at: datetime  #: by the database's clock
    settled_at: datetime | None  #: by the database's clock; None while it waits
    late: float | None  #: seconds from `at` until it was settled
    reason: str | None  #: why it failed, or had nothing to do


class Due(Struct, frozen=True):
    """A hunt with a waiting entry."""

    hunt: str
    seconds: float  #: until its first entry is due, by the database's clock; <= 0: now


def problems(entry: NewEntry) -> dict[str, str]:
    """Return what is wrong with an entry, by field; empty if it may be added."""
    found: dict[str, str] = {}
    if entry.at.tzinfo is None:
        found["at"] = "must have an offset, as in 2026-12-01T18:00:00Z"
    if entry.text is not None:
        problem = announcements.wrong(entry.text)
        if entry.action != "announce":
            found["text"] = "belongs to the action announce"
        elif problem is not None:
            found["text"] = problem
    if entry.action == "release":
        if entry.prize is None or not ID.fullmatch(entry.prize):
            found["prize"] = f"must be the id of a prize, {VALID_ID}"
        if entry.count is None or not 1 <= entry.count <= MOST_COUNT:
            found["count"] = f"must be a whole number from 1 to {MOST_COUNT}"
    else:
        for name in ("prize", "count"):
            if getattr(entry, name) is not None:
                found[name] = "belongs to the action release"
    if entry.within is not None and not 0 < entry.within <= MOST_WITHIN:
        found["within"] = f"must be a number of seconds over 0, at most {MOST_WITHIN}"
    return found


def released(definition: Definition, prize: str, count: int, at: datetime) -> Definition:
    """Return a definition that lets `count` more units of a prize be granted from `at` on.

    Args:
        definition: The present definition.
        prize: Id of the prize.
        count: Units, >= 1.
        at: The present time, by the database's clock.

    Raises:
        WrongState: The prize has no limit that could be raised.
        DefinitionError: The new limits are too large.
    """
    found = {each.id: each for each in definition.prizes}.get(prize)
    if found is None:
        raise WrongState(f"there is no prize {prize!r}")
    changed = _released(found, count, at)
    prizes = tuple(changed if each is found else each for each in definition.prizes)
    return from_json(to_json(replace(definition, prizes=prizes)))  # checks the limits


def _released(prize: Prize, count: int, at: datetime) -> Prize:
    if isinstance(prize.release, Even | Moments):
        raise WrongState(f"prize {prize.id!r} is released by a plan over time")
    if prize.release:
        steps = _with_step(prize.release, count, at)
        stock = prize.stock if prize.stock is None else max(prize.stock, steps[-1].total)
        return replace(prize, release=steps, stock=stock)
    if prize.codes:
        raise WrongState(f"the stock of prize {prize.id!r} are its codes: load more codes")
    if prize.stock is None:
        raise WrongState(f"prize {prize.id!r} has no limit that a release could raise")
    return replace(prize, stock=prize.stock + count)


def _with_step(steps: tuple[Step, ...], count: int, at: datetime) -> tuple[Step, ...]:
    """Return a release plan with `count` more units from `at` on."""
    before = [step for step in steps if step.at < at]
    total = max([step.total for step in steps if step.at <= at], default=0)
    later = [Step(step.at, step.total + count) for step in steps if step.at > at]
    return (*before, Step(at, total + count), *later)
