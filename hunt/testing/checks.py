"""Checks of histories: compare what clients observed with the stored log.

Every check takes the history of all clients and the stored log of one hunt, read after
all faults have ended, and returns the violations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hunt.core.events import Reward
from hunt.plurals import plural
from hunt.testing.connections import connections
from hunt.testing.history import Attempt, Entry, History, Received
from hunt.testing.stored_log import StoredLog
from hunt.testing.voids import Voids, with_returns

#: Maximum number of lines of context of one violation.
LINES = 12


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken guarantee."""

    check: str  #: the name of the check
    what: str  #: one sentence
    lines: tuple[str, ...] = ()  #: entries of history and log that show it

    def __str__(self) -> str:
        """Return it as a few lines."""
        return "\n".join([f"{self.check}: {self.what}", *(f"    {line}" for line in self.lines)])


Check = Callable[[History, StoredLog], list[Violation]]


def durable(history: History, log: StoredLog) -> list[Violation]:
    """Check that every answer and every event is in the log, unchanged."""
    rows = {row.seq: row for row in log.rows}
    answers: list[Attempt | Received] = [
        each for each in history.attempts(log.hunt) if each.verdict == "ok"
    ]
    events = [
        each
        for stream in connections(history, log.hunt)
        for each in stream.received
        if each.epoch == log.epoch
    ]
    return [
        _violation("durable", f"the log does not hold this {kind}", history, log, each)
        for kind, all_of_kind in (("answer", answers), ("event", events))
        for each in all_of_kind
        if not _is_row(each, rows.get(each.seq or 0))
    ]


def _is_row(told: Attempt | Received, row: Reward | None) -> bool:
    return (
        row is not None
        and (row.id, row.prize, row.points) == (told.click, told.prize, told.points)
        and (isinstance(told, Received) or row.player == told.player)
    )


def once(history: History, log: StoredLog) -> list[Violation]:
    """Check that each click is idempotent: one row, and one outcome for all attempts.

    Only a click that its player has sent before may be marked as a duplicate.
    """
    found = []
    counts = Counter(row.id for row in log.rows)
    for click, count in counts.items():
        if count > 1:
            found.append(_about("once", f"a click has {plural(count, 'row')}", history, log, click))
    answers: dict[str, list[Attempt]] = {}
    sent: dict[tuple[str, str], list[float]] = {}
    for attempt in history.attempts(log.hunt):
        sent.setdefault((attempt.click, attempt.player), []).append(attempt.sent)
        if attempt.verdict == "ok":
            answers.setdefault(attempt.click, []).append(attempt)
    for click, same in answers.items():
        if len({(each.seq, each.prize, each.points) for each in same}) > 1:
            found.append(_about("once", "a click has two outcomes", history, log, click))
        new = [each for each in same if not each.duplicate]
        # If two attempts overlap, either may be the first.
        if new and max(each.sent for each in new) > min(each.answered for each in new):
            found.append(_about("once", "a click was new twice", history, log, click))
        for each in same:
            # The attempt itself is among those sent before its answer.
            before = sum(time <= each.answered for time in sent[click, each.player])
            if each.duplicate and before == 1:
                what = "a first answer is marked as a duplicate"
                found.append(_violation("once", what, history, log, each))
    return found


#: Documented statuses of a click; any other status is a bug of the server.
STATUSES = frozenset({200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 504})


def documented(history: History, log: StoredLog) -> list[Violation]:
    """Check that each answer has a documented status, which 500 is not."""
    return [
        _about("documented", f"a click was answered with {each.status}", history, log, each.click)
        for each in history.attempts(log.hunt)
        if each.status is not None and each.status not in STATUSES
    ]


def honest(history: History, log: StoredLog) -> list[Violation]:
    """Check that the log has only clicks that were sent and not refused."""
    verdicts: dict[tuple[str, str], set[str]] = {}
    for attempt in history.attempts(log.hunt):
        verdicts.setdefault((attempt.click, attempt.player), set()).add(attempt.verdict)
    found = []
    for row in log.rows:
        known = verdicts.get((row.id, row.player))
        if known is None:
            found.append(_about("honest", "a row without an attempt", history, log, row.id))
        elif known == {"refused"}:
            found.append(_about("honest", "a refused click was recorded", history, log, row.id))
    return found


def dense(history: History, log: StoredLog) -> list[Violation]:
    """Check that the log has no gaps, and that stocks and limits hold."""
    seqs = sorted(row.seq for row in log.rows)
    found = []
    if seqs != list(range(1, log.last_seq + 1)):
        known = set(seqs)
        missing = [seq for seq in range(1, max([*seqs, log.last_seq]) + 1) if seq not in known]
        twice = [seq for seq, count in Counter(seqs).items() if count > 1]
        what = f"the log is not 1 to {log.last_seq}: missing {missing[:5]}, twice {twice[:5]}"
        beyond = [seq for seq in seqs if seq > log.last_seq][:5]
        near = {seq + by for seq in missing[:2] + twice[:2] + beyond for by in (-1, 0, 1)}
        lines = tuple(_row(row) for row in log.rows if row.seq in near)
        found.append(Violation("dense", what, lines[:LINES]))
    for stock in log.stocks:
        won = [row for row in log.rows if row.prize == stock.prize]
        if stock.stock is not None:
            found += _stock(stock.prize, stock.stock, stock.granted, won, log.voids)
        players = Counter(row.player for row in won)
        for player, count in players.items():
            if stock.per_player is not None and count > stock.per_player:
                what = f"{player} got {stock.prize} {plural(count, 'time')}, of {stock.per_player}"
                theirs = [_row(row) for row in won if row.player == player]
                found.append(Violation("dense", what, tuple(theirs[:LINES])))
    return found


def _stock(
    prize: str, stock: int, counted: int, won: Sequence[Reward], voids: Voids
) -> list[Violation]:
    """Check that rewards that stand never exceed a stock, and that the store counts them."""
    found, stands = [], 0
    for row, returned in with_returns(sorted(won, key=lambda row: row.seq), voids, prize):
        stands += 1 - len(returned)
        if stands > stock:
            what = f"{prize} was granted {plural(stands, 'time')}, of a stock of {stock}"
            found.append(Violation("dense", what, (_row(row),)))
            break
    stands = sum(row.seq not in voids for row in won)
    if counted != stands:
        what = f"{prize} is counted {plural(counted, 'time')}, and granted {plural(stands, 'time')}"
        found.append(Violation("dense", what, tuple(map(_row, won[-LINES:]))))
    return found


def private(history: History, log: StoredLog) -> list[Violation]:
    """Check that no stream carried a reward of another player."""
    owners = {row.id: row.player for row in log.rows}
    for attempt in history.attempts(log.hunt):
        owners.setdefault(attempt.click, attempt.player)
    found = []
    for stream in connections(history, log.hunt):
        for each in stream.received:
            owner = owners.get(each.click)
            if owner not in {None, stream.opened.player}:
                what = f"{stream.opened.player} got an event of {owner}"
                found.append(_violation("private", what, history, log, each, [stream.opened]))
    return found


def bounded(
    before: Mapping[str, float], after: Mapping[str, float], slack: Mapping[str, float]
) -> list[Violation]:
    """Check that resource use after a load does not exceed that before.

    Args:
        before: Use before the load, by name: tasks, descriptors, connections, bytes.
        after: Use once the server is idle again, by name.
        slack: Accepted growth, >= 0, by name; 0 by default.
    """
    return [
        Violation("bounded", f"{name} was {before[name]:g}, and is {after[name]:g}")
        for name in before
        if after[name] > before[name] + slack.get(name, 0.0)
    ]


def _violation(
    check: str,
    what: str,
    history: History,
    log: StoredLog,
    told: Attempt | Received,
    context: Iterable[Entry] = (),
) -> Violation:
    about = _about(check, what, history, log, told.click)
    # Other rows of the log with the same seq.
    other = [_row(row) for row in log.rows if row.seq == told.seq and row.id != told.click]
    lines = (*map(str, context), str(told), *other, *(e for e in about.lines if e != str(told)))
    return Violation(check, what, lines[:LINES])


def _about(check: str, what: str, history: History, log: StoredLog, click: str) -> Violation:
    """Return a violation with all rows and entries of one click."""
    lines = [_row(row) for row in log.rows if row.id == click]
    lines += [str(entry) for entry in history if getattr(entry, "click", None) == click]
    return Violation(check, what, tuple(lines[:LINES]))


def _row(row: Reward) -> str:
    return (
        f"row        seq={row.seq} click={row.id} player={row.player} prize={row.prize} at={row.at}"
    )


def report(violations: Sequence[Violation], *, most: int = 10) -> str:
    """Return violations as text, the first `most` of them in full."""
    parts = [str(each) for each in violations[:most]]
    if len(violations) > most:
        parts.append(f"... and {len(violations) - most} more")
    return "\n".join(parts)
