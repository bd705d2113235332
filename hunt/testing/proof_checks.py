"""The check of proofs: seals commit to the hunt, the chain to the log, receipts to answers."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from hunt.core import chain
from hunt.core.events import Reward
from hunt.testing.checks import Violation
from hunt.testing.history import History
from hunt.testing.stored_log import StoredChain, StoredLog


def proven(history: History, log: StoredLog) -> list[Violation]:
    """Check the proof of a hunt: what was sealed, published and handed out still holds.

    A hunt without a chain has nothing to check.
    """
    if log.chain is None:
        return []
    heads = _heads(log.chain, sorted(log.rows, key=attrgetter("seq")))
    return [*_seals(log.chain), *_published(log, log.chain, heads), *_receipts(history, log, heads)]


def _heads(stored: StoredChain, rows: Sequence[Reward]) -> Mapping[int, list[str]]:
    """Return the heads after each row that ends a batch, as computed from rows and entries."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    entries = list(reversed(stored.entries))
    names, head = chain.Pseudonyms(stored.player_key), chain.START

    def enter(seq: int) -> bytes:
        made = head
        while entries and entries[-1].seq <= seq:
            made = chain.after_entry(made, entries.pop().document.encode())
            found[seq].append(made.hex())
        return made

    head = enter(0)
    for at, group in groupby(rows, key=attrgetter("at")):
        batch = list(group)
        results = [(row.prize, row.points, row.sold_out) for row in batch]
        leaves = [_leaf(stored, names, row) for row in batch]
        head = chain.after_batch(head, batch[0].seq, at, results, leaves)
        found[batch[-1].seq].append(head.hex())
        head = enter(batch[-1].seq)
    return found


def _leaf(stored: StoredChain, names: chain.Pseudonyms, row: Reward) -> bytes:
    if row.x is None or row.y is None:  # of an erased player
        return stored.leaves.get(row.seq, chain.START)
    return chain.leaf(row.id, names.of(row.player), row.x, row.y)


def _seals(stored: StoredChain) -> Iterator[Violation]:
    """Check that each seal names the one before, and commits to the seed and its definition."""
    previous, definition = None, None
    seals = [each for each in stored.entries if each.definition is not None]
    if not seals or stored.entries[0] is not seals[0]:
        yield Violation("seals", "the chain does not begin with a seal")
    for number, each in enumerate(seals, 1):
        document, definition = json.loads(each.document), each.definition or ""
        salt = chain.definition_salt(stored.seed, number)
        due = {
            "number": number,
            "previous": previous,
            "seed": hashlib.sha256(stored.seed).hexdigest(),
            "definition": chain.definition_commitment(salt, definition.encode()),
        }
        for name, value in due.items():
            if document[name] != value:
                yield Violation("seals", f"seal {number} has the {name} {document[name]}")
        previous = hashlib.sha256(each.document.encode()).hexdigest()
    if definition != stored.definition:
        yield Violation("seals", "the definition in force is not the one of the latest seal")


def _published(
    log: StoredLog, stored: StoredChain, heads: Mapping[int, Sequence[str]]
) -> Iterator[Violation]:
    """Check that the stored head and each published one are those of the log."""
    last = max((row.seq for row in log.rows), default=0)
    if stored.head not in heads.get(last, ())[-1:]:
        yield Violation("chain", f"the head after row {last} is not that of the log")
    for seq, head in stored.heads:
        if head not in heads.get(seq, ()):
            yield Violation("chain", f"the head published after row {seq} is not that of the log")


def _receipts(
    history: History, log: StoredLog, heads: Mapping[int, Sequence[str]]
) -> Iterator[Violation]:
    """Check that each answer has a receipt, whose head the log had after its row or later."""
    for each in history.attempts(log.hunt):
        if each.verdict != "ok":
            continue
        if each.head is None or each.upto is None:
            yield Violation("receipts", "an answer has no receipt", (str(each),))
        elif each.upto < (each.seq or 0):
            yield Violation("receipts", "a receipt ends before its row", (str(each),))
        elif each.head not in heads.get(each.upto, ()):
            what = f"the log never had the head of a receipt after row {each.upto}"
            yield Violation("receipts", what, (str(each),))
