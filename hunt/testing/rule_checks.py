"""Checks of a log against the rules of its hunt: periods, times, release plans, areas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import MappingProxyType

from hunt.core.definition import Definition, Prize
from hunt.core.events import Reward
from hunt.core.odds import chance
from hunt.core.periods import began, released, steps
from hunt.testing.checks import Violation
from hunt.testing.voids import Voids, with_returns


def rules(
    definition: Definition,
    seed: bytes,
    rows: Sequence[Reward],
    voids: Voids = MappingProxyType({}),
) -> list[Violation]:
    """Return the rows that the rules of a hunt do not allow.

    A void reward returns its unit, and still counts for the limits of its player.

    The definition must not have changed while the rows were settled.

    Args:
        definition: The hunt.
        seed: Its seed, 32 bytes.
        rows: All rows of its log, by ascending seq.
        voids: Its void rewards.
    """
    found: list[Violation] = []
    for check in (_attempts, _wins, _places, _speed):
        found += check(definition, rows)
    for prize in definition.prizes:
        won = [row for row in rows if row.prize == prize.id]
        found += _times(prize, won)
        found += _plan(definition, prize, seed, list(with_returns(won, voids, prize.id)))
        found += _sold_out(prize, with_returns(rows, voids, prize.id))
    return found


def _violation(rule: str, row: Reward) -> Violation:
    return Violation(f"rule {rule}", f"{row.player} settled seq {row.seq} against it", (repr(row),))


def _time(row: Reward) -> datetime:
    return datetime.fromisoformat(row.at)


def _place(row: Reward) -> tuple[float, float] | None:
    """Return the position of a click; None once its player is erased."""
    return None if row.x is None or row.y is None else (row.x, row.y)


def _over(rows: Sequence[Reward], key: Callable[[Reward], object], most: int) -> Iterator[Reward]:
    """Yield the rows beyond the first `most` with the same key."""
    counts: Counter[object] = Counter()
    for row in rows:
        counts[key(row)] += 1
        if counts[key(row)] > most:
            yield row


def _attempts(definition: Definition, rows: Sequence[Reward]) -> list[Violation]:
    quota, zone = definition.attempts, definition.timezone
    if quota is None:
        return []
    over = _over(rows, lambda row: (row.player, began(quota.per, zone, _time(row))), quota.count)
    return [_violation("attempts", row) for row in over]


def _wins(definition: Definition, rows: Sequence[Reward]) -> list[Violation]:
    quota, zone = definition.max_wins, definition.timezone
    if quota is None:
        return []
    won = [row for row in rows if row.prize is not None]
    over = _over(won, lambda row: (row.player, began(quota.per, zone, _time(row))), quota.count)
    return [_violation("max_wins", row) for row in over]


def _places(definition: Definition, rows: Sequence[Reward]) -> list[Violation]:
    firsts = {each.id: each for each in definition.prizes if each.first}
    return [
        _violation("area of the first click", row)
        for row in rows
        if row.prize in firsts
        and (place := _place(row)) is not None
        and chance(firsts[row.prize], definition.map, *place) == 0
    ]


def _speed(definition: Definition, rows: Sequence[Reward]) -> list[Violation]:
    """Check each row against the one before of the same player; rounding is allowed for."""
    if definition.max_speed is None:
        return []
    found: list[Violation] = []
    last: dict[str, Reward] = {}
    for row in rows:
        before = last.get(row.player, row)
        here, there = _place(row), _place(before)
        if here is None or there is None:
            continue
        far = definition.map.distance(there, here)
        seconds = max((_time(row) - _time(before)).total_seconds(), 0.0)
        if far > definition.max_speed * seconds * (1 + 1e-9) + 1e-6:
            found.append(_violation("max_speed", row))
        last[row.player] = row
    return found


def _times(prize: Prize, won: Sequence[Reward]) -> list[Violation]:
    return [_violation("from and until", row) for row in won if not _in_time(prize, row)]


def _in_time(prize: Prize, row: Reward) -> bool:
    at = _time(row)
    return not (prize.starts and at < prize.starts) and not (prize.until and prize.until <= at)


def _plan(
    definition: Definition,
    prize: Prize,
    seed: bytes,
    won: Sequence[tuple[Reward, list[Reward]]],
) -> list[Violation]:
    plan, found, count = steps(definition, prize, seed), [], 0
    in_step: Counter[int] = Counter()
    for row, returned in won:
        for each in returned:
            in_step[released(definition, prize, plan, _time(each))[1]] -= 1
        count += 1 - len(returned)
        if not _in_time(prize, row):
            continue
        allowed, before = released(definition, prize, plan, _time(row))
        in_step[before] += 1
        lost = prize.void and in_step[before] > allowed - before
        if count > allowed or lost:
            found.append(_violation("release", row))
    return found


def _sold_out(prize: Prize, rows: Iterator[tuple[Reward, list[Reward]]]) -> list[Violation]:
    """Check that no click got "sold out" while there was stock; lost units are stock, too."""
    if prize.void or prize.stock is None:
        return []
    found, granted = [], 0
    for row, returned in rows:
        granted += (row.prize == prize.id) - len(returned)
        if row.sold_out == prize.id and granted < prize.stock:
            found.append(_violation("sold out", row))
    return found
