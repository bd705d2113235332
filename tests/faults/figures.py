"""Figures of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hunt.testing.history import Attempt, History, Received, Reset
from tests.faults import players

if TYPE_CHECKING:
    from tests.faults.rig import Rig

#: Seconds in which goodput is counted.
WINDOW = 0.5


def excused(attempt: Attempt) -> bool:
    """Return whether the client caused this failure on purpose."""
    return attempt.note == "left" or attempt.status == 422


def statuses(history: History) -> Counter[str]:
    """Return how often each status was seen."""
    attempts = history.attempts(players.HUNT)
    return Counter(
        str(each.status) if each.status else "left" if each.note == "left" else "no answer"
        for each in attempts
    )


def figures(rig: Rig) -> dict[str, float]:
    """Return the figures of a run."""
    attempts = rig.history.attempts(players.HUNT)
    failed = [each for each in attempts if each.verdict != "ok" and not excused(each)]
    refusals = sorted(each.answered - each.sent for each in attempts if each.status == 503)
    # The first refusals are of clicks that waited until the fault was detected.
    late = sorted(
        each.answered - each.sent
        for each in attempts
        if each.status == 503 and each.sent > rig.struck + 4.5
    )
    found_back = [until for _, until in rig.crowd.disconnections]
    recovered = max((each.answered for each in failed), default=0.0) - rig.well
    since_well = [
        each.answered - rig.well
        for each in attempts
        if each.verdict == "ok" and each.answered > rig.well
    ]
    goodput_before, goodput_after = goodput(rig)
    lines = named = closings = 0
    for log in rig.folder.glob("node-*/node.log"):
        text = log.read_bytes()
        told = [line for line in text.splitlines() if b'"request answered"' not in line]
        lines += len(told)  # without the access log
        moves = [line for line in told if b'"breaker state changed"' in line]
        named += len(moves)
        closings += sum(b'"state": "closed"' in line for line in moves)
    told = {each.code for each in attempts if each.code is not None}
    return {
        **({"codes told": len(told)} if rig.script.codes else {}),
        "clicks": len(attempts),
        "goodput before": goodput_before,
        "goodput after": goodput_after,
        "ok": sum(each.verdict == "ok" for each in attempts),
        "failed": len(failed),
        "unknown": sum(each.verdict == "unknown" and not excused(each) for each in attempts),
        "unanswered": sum(each.status is None and not excused(each) for each in attempts),
        "refused": len(refusals),
        "rejected": sum(each.status == 422 for each in attempts),
        "answers lost": answers_lost(attempts),
        "slowest": max((each.answered - each.sent for each in attempts), default=0.0),
        "refusal p99": _p99(refusals),
        "late refusal p50": late[len(late) // 2] if late else 0.0,
        "late refusal p99": _p99(late),
        "recovered": max(recovered, 0.0),
        "first 200": min(since_well, default=float("inf")),
        "resets": sum(isinstance(each, Reset) for each in rig.history),
        "streams cut": len(rig.crowd.disconnections),
        "streams back": max([0.0, *(until - rig.well for until in found_back)]),
        "silence": rig.crowd.silence,
        "delivery p50": delivery(rig),
        "log lines": lines,
        "breaker lines": named,
        "breaker closings": closings,
        **rig.notes,
    }


def goodput(rig: Rig) -> tuple[float, float]:
    """Return the goodput before the first fault and after the recovery.

    Each figure is the best of all windows of `WINDOW` seconds, because other programs may take
    the machine for a moment.

    Returns:
        Clicks per second that succeeded before the first fault; and the same after the
        recovery, as a share of the average before.
    """
    attempts = rig.history.attempts(players.HUNT)
    struck = rig.struck or rig.ended
    before = _rate(attempts, rig.began, struck)
    after = _best(attempts, rig.healthy, rig.ended)
    return _best(attempts, rig.began, struck), after / before if before else 0.0


def delivery(rig: Rig) -> float:
    """Return the median time from an answer to its event, of the last second, in seconds."""
    answered: dict[str, float] = {}
    for each in rig.history.attempts(players.HUNT):
        if each.verdict == "ok" and not each.duplicate and each.answered > rig.healthy:
            answered.setdefault(each.click, each.answered)
    late = sorted(
        each.time - answered[each.click]
        for each in rig.history
        if isinstance(each, Received) and each.click in answered
    )
    return max(late[len(late) // 2], 0.0) if late else 0.0


def answers_lost(attempts: Sequence[Attempt]) -> int:
    """Return how often a connection ended without the answer to a click that was recorded."""
    unanswered: set[str] = set()
    lost = 0
    for each in attempts:
        if each.status is None and not excused(each):
            unanswered.add(each.click)
        elif each.verdict == "ok" and each.click in unanswered:
            unanswered.discard(each.click)
            lost += each.duplicate
    return lost


def _rate(attempts: Sequence[Attempt], began: float, ended: float) -> float:
    """Return the clicks per second that succeeded between two times."""
    count = sum(each.verdict == "ok" and began <= each.answered < ended for each in attempts)
    return count / (ended - began) if ended > began else 0.0


def _best(attempts: Sequence[Attempt], began: float, ended: float) -> float:
    """Return the highest rate of clicks that succeeded, within any `WINDOW` between two times."""
    if ended - began <= WINDOW:
        return _rate(attempts, began, ended)
    times = sorted(
        each.answered
        for each in attempts
        if each.verdict == "ok" and began <= each.answered < ended
    )
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= WINDOW:
            first += 1
        most = max(most, last - first + 1)
    return most / WINDOW


def _p99(values: list[float]) -> float:
    return values[int(len(values) * 0.99)] if values else 0.0
