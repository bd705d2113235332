"""The check of codes: each handed out once, and seen by its winner only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hunt.testing.checks import Violation
from hunt.testing.connections import connections
from hunt.testing.history import Attempt, History, Public, Received
from hunt.testing.stored_log import StoredCode, StoredLog


def codes(history: History, log: StoredLog) -> list[Violation]:
    """Check that each reward of a prize with codes has one code, which its player alone sees.

    Violations name rows and players, never a code.
    """
    return [*_stored(log), *_told(history, log), *_public(history, log)]


def _stored(log: StoredLog) -> Iterator[Violation]:
    """Check the stored codes: none twice, and one for each reward."""
    prizes = {each.prize for each in log.codes}
    for count in Counter(each.code for each in log.codes).values():
        if count > 1:
            yield Violation("codes", f"a code is stored {count} times")
    bound: dict[int, list[StoredCode]] = {}
    for each in log.codes:
        if each.reward is not None:
            bound.setdefault(each.reward, []).append(each)
    for row in log.rows:
        found = [each.prize for each in bound.pop(row.seq, [])]
        due = [row.prize] if row.prize in prizes else []
        if found != due:
            yield Violation("codes", f"row {row.seq} won {row.prize} and has codes of {found}")
    for seq in bound:
        yield Violation("codes", f"a code is bound to row {seq}, which is not in the log")


def _told(history: History, log: StoredLog) -> Iterator[Violation]:
    """Check that each answer and each event has the code of its row, and goes to its player."""
    owners = {row.seq: row.player for row in log.rows}
    code_of = {each.reward: each.code for each in log.codes if each.reward is not None}
    rewards = {each.code: each.reward for each in log.codes}
    told: list[tuple[str, Attempt | Received]] = [
        (each.player, each) for each in history.attempts(log.hunt) if each.verdict == "ok"
    ]
    for stream in connections(history, log.hunt):
        told += [
            (stream.opened.player, each) for each in stream.received if each.epoch == log.epoch
        ]
    for player, each in told:
        if each.code != code_of.get(each.seq or 0):
            yield _violation(f"{player} was told another code than row {each.seq} has", each)
        if each.code is None:
            continue
        if each.code not in rewards:
            yield _violation(f"{player} was told a code that was never loaded", each)
        elif (owner := owners.get(rewards[each.code] or 0)) != player:
            yield _violation(f"{player} was told a code of {owner}", each)


def _public(history: History, log: StoredLog) -> Iterator[Violation]:
    """Check that no public text has a code."""
    for each in history:
        if isinstance(each, Public) and any(code.code in each.text for code in log.codes):
            yield Violation("codes", f"a code is in {each.where}")


def _violation(what: str, told: Attempt | Received) -> Violation:
    return Violation("codes", what, (f"seq={told.seq} click={told.click}",))
