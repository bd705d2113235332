"""The check of streams: rewards in order, without gaps, in time."""

from __future__ import annotations

from collections.abc import Sequence

from hunt.core.events import Reward
from hunt.testing.checks import LINES, Violation
from hunt.testing.connections import StreamRecord, connections, listeners
from hunt.testing.history import Entry, History
from hunt.testing.stored_log import StoredLog


def delivered(
    history: History, log: StoredLog, *, well: float = 0.0, within: float = 5.0
) -> list[Violation]:
    """Check that each stream is in order and without gaps, and each listener got all rewards.

    A listener that closed on purpose is checked up to its last reward.  Streams of another
    epoch are not checked: their rewards are no longer in the log.

    Args:
        history: History of all clients.
        log: Stored log of one hunt.
        well: Time at which the last fault ended.
        within: Seconds, > 0, within which a reward must be streamed, counted from its answer,
            the ``hello`` of the stream, or `well`, whichever is latest.
    """
    rows: dict[str, list[Reward]] = {}
    for row in sorted(log.rows, key=lambda row: row.seq):
        rows.setdefault(row.player, []).append(row)
    answered: dict[str, float] = {}
    for attempt in history.attempts(log.hunt):
        if attempt.verdict == "ok":
            first = answered.get(attempt.click, attempt.answered)
            answered[attempt.click] = min(first, attempt.answered)
    found: list[Violation] = []
    for chain in listeners(connections(history, log.hunt)).values():
        owed = rows.get(chain[0].opened.player, [])
        for stream in chain:
            if stream.greeted is not None and stream.greeted.epoch == log.epoch:
                found += _rising(stream)
                found += _whole(stream, owed)
                found += _late(stream, answered, well, within)
        found += _complete(chain, owed, log.epoch)
    return found


def _rising(stream: StreamRecord) -> list[Violation]:
    """Check the order of one connection."""
    assert stream.greeted is not None
    opened = stream.opened
    found = []
    if opened.after is not None and not stream.greeted.resumed and stream.reset is None:
        what = "a stream was neither resumed nor reset"
        found.append(Violation("delivered", what, _lines(stream.entries())))
    last = stream.start
    for each in stream.received:
        if last is not None and each.seq <= last:
            what = f"{opened.player} got {each.seq} after {last}"
            near = [entry for entry in stream.received if entry.time <= each.time][-5:]
            found.append(Violation("delivered", what, _lines([*stream.entries(), *near])))
        last = each.seq
    return found


def _whole(stream: StreamRecord, owed: Sequence[Reward]) -> list[Violation]:
    """Check that one connection has no gap up to its last reward."""
    start = stream.start
    if start is None or not stream.received:
        return []
    got = {each.seq for each in stream.received}
    missing = [row for row in owed if start < row.seq <= max(got) and row.seq not in got]
    return _missing("a stream has a gap", stream, missing) if missing else []


def _late(
    stream: StreamRecord, answered: dict[str, float], well: float, within: float
) -> list[Violation]:
    assert stream.greeted is not None
    found = []
    for each in stream.received:
        if each.click in answered:
            due = max(answered[each.click], stream.greeted.time, well)
            if each.time > due + within:
                what = f"{each.seq} came {each.time - due:.1f} s late"
                found.append(Violation("delivered", what, _lines([*stream.entries(), each])))
    return found


def _complete(chain: Sequence[StreamRecord], owed: Sequence[Reward], epoch: str) -> list[Violation]:
    """Check that a listener got all rewards over its connections, except before a reset."""
    ours = [each for each in chain if each.greeted is not None and each.greeted.epoch == epoch]
    last = chain[-1]
    if last.closed is not None and last.closed.left:
        return []
    if not ours:
        what = "a listener never got a hello"
        return [Violation("delivered", what, _lines(last.entries()))] if owed else []
    got = {each.seq for stream in ours for each in stream.received}
    begun = ours[0].start
    assert begun is not None
    # After a reset, rewards up to the hello are read by HTTP.
    reset = max((s.greeted.seq for s in ours if s.greeted and s.reset), default=0)
    known = max(begun, reset)
    missing = [row for row in owed if row.seq > known and row.seq not in got]
    return _missing("a listener did not get rewards of the log", last, missing) if missing else []


def _missing(what: str, stream: StreamRecord, missing: Sequence[Reward]) -> list[Violation]:
    seqs = ", ".join(str(row.seq) for row in missing[:5])
    got = [each for each in stream.received if each.seq < missing[0].seq][-2:]
    after = [each for each in stream.received if each.seq > missing[0].seq][:2]
    rows = [f"missing    seq={row.seq} click={row.id} at={row.at}" for row in missing[:3]]
    lines = (*_lines([*stream.entries(), *got]), *rows, *_lines(after))
    what = f"{what}: {stream.opened.player} misses {len(missing)}, the first are {seqs}"
    return [Violation("delivered", what, lines[:LINES])]


def _lines(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(map(str, entries[:LINES]))
