"""The check of proofs accepts an honest log, and names each dishonest change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from hunt.core import chain
from hunt.core.events import Reward
from hunt.testing.history import Attempt, History
from hunt.testing.oracle import check_history
from hunt.testing.proof_checks import proven
from hunt.testing.stored_log import StoredChain, StoredEntry, StoredLog

KEY, SEED = bytes(range(32)), bytes(range(32, 64))
FIRST, LATER = "2026-12-01T18:00:00.000000Z", "2026-12-01T18:00:01.000000Z"
DEFINITIONS = ('{"id":"harbour","odds":"0.2"}', '{"id":"harbour","odds":"0.3"}')

ROWS = [
    Reward(1, "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90", "ada", "coin", 5, FIRST, 1.0, 2.0),
    Reward(2, "7d9b2c1e-0f43-4b6a-8c55-1e2f3a4b5c6d", "bob", None, 0, FIRST, 3.0, 4.0, "coin"),
    Reward(3, "9a1b2c1e-0f43-4b6a-8c55-1e2f3a4b5c6d", "ada", None, 0, LATER, 5.0, 6.0),
]


def seal(number: int, previous: str | None, seq: int) -> StoredEntry:
    text = DEFINITIONS[number - 1]
    document = {
        "kind": "seal", "number": number, "previous": previous, "seq": seq,
        "seed": chain.hashlib.sha256(SEED).hexdigest(),
        "definition": chain.definition_commitment(
            chain.definition_salt(SEED, number), text.encode()
        ),
    }  # fmt: skip
    return StoredEntry(seq, chain.canonical(document).decode(), text)


def honest() -> tuple[History, StoredLog]:
    """Return a log of two batches with a second seal between them, and its answers."""
    first = seal(1, None, 0)
    second = seal(2, chain.hashlib.sha256(first.document.encode()).hexdigest(), 2)
    names, heads = chain.Pseudonyms(KEY), []
    head = chain.after_entry(chain.START, first.document.encode())
    for rows, entry in ((ROWS[:2], second), (ROWS[2:], None)):
        results = [(row.prize, row.points, row.sold_out) for row in rows]
        leaves = [chain.leaf(r.id, names.of(r.player), r.x or 0.0, r.y or 0.0) for r in rows]
        head = chain.after_batch(head, rows[0].seq, rows[0].at, results, leaves)
        heads.append((rows[-1].seq, head.hex()))
        if entry is not None:
            head = chain.after_entry(head, entry.document.encode())
    stored = StoredChain(
        player_key=KEY, seed=SEED, definition=DEFINITIONS[1], head=head.hex(),
        entries=[first, second], heads=heads,
    )  # fmt: skip
    answers = [
        Attempt(
            sent=row.seq, answered=row.seq + 0.5, hunt="harbour", player=row.player, click=row.id,
            verdict="ok", status=200, seq=row.seq, prize=row.prize, points=row.points,
            upto=heads[row.at == LATER][0], head=heads[row.at == LATER][1],
        )
        for row in ROWS
    ]  # fmt: skip
    return History(answers), StoredLog(
        hunt="harbour", epoch="k1", last_seq=3, rows=ROWS, chain=stored
    )


def test_honest_log_passes_all_checks() -> None:
    assert check_history(*honest()) == []


def test_log_without_a_chain_is_not_checked() -> None:
    history, log = honest()
    assert proven(history, replace(log, chain=None, rows=[])) == []


def test_leaf_of_an_erased_player_stands_for_its_row() -> None:
    history, log = honest()
    gone, names = ROWS[1], chain.Pseudonyms(KEY)
    leaf = chain.leaf(gone.id, names.of(gone.player), 3.0, 4.0)
    rows = [ROWS[0], replace(gone, player="gone", x=None, y=None), ROWS[2]]
    assert log.chain is not None
    kept = replace(log.chain, leaves={2: leaf})
    assert proven(history, replace(log, rows=rows, chain=kept)) == []
    assert {each.check for each in proven(history, replace(log, rows=rows))} == {
        "chain", "receipts",
    }  # fmt: skip


Change = Callable[[History, StoredLog, StoredChain], tuple[History, StoredLog]]


def rows(*changed: Reward) -> Change:
    return lambda history, log, _: (history, replace(log, rows=list(changed)))


def stored(**fields: object) -> Change:
    return lambda history, log, chain: (history, replace(log, chain=replace(chain, **fields)))


def answered(**fields: object) -> Change:
    def change(history: History, log: StoredLog, _: StoredChain) -> tuple[History, StoredLog]:
        first, *others = history.entries
        return History([replace(first, **fields), *others]), log

    return change


ONE, TWO, THREE = ROWS
OTHER = seal(1, None, 2)

BROKEN: dict[str, tuple[set[str], Change]] = {
    "a moved click": ({"chain", "receipts"}, rows(replace(ONE, x=1.5), TWO, THREE)),
    "other points": ({"chain", "receipts"}, rows(replace(ONE, points=6), TWO, THREE)),
    "another prize that is sold out": (
        {"chain", "receipts"}, rows(ONE, replace(TWO, sold_out=None), THREE)
    ),
    "another time": ({"chain", "receipts"}, rows(ONE, TWO, replace(THREE, at=FIRST))),
    "a missing row": ({"chain", "receipts"}, rows(ONE, TWO)),
    "a batch cut in two": (
        {"chain", "receipts"}, rows(ONE, replace(TWO, at=FIRST[:-2] + "1Z"), THREE)
    ),
    "another head": ({"chain"}, stored(head="00" * 32)),
    "a published head of another log": ({"chain"}, stored(heads=[(2, "00" * 32)])),
    "a published head after another row": ({"chain"}, stored(heads=[(1, honest()[1].chain.head)])),
    "no seal": ({"chain", "receipts", "seals"}, stored(entries=[])),
    "a seal that names no other": (
        {"chain", "receipts", "seals"}, stored(entries=[seal(1, None, 0), seal(2, None, 2)])
    ),
    "a seal out of order": (
        {"chain", "receipts", "seals"}, stored(entries=[seal(1, None, 0), OTHER])
    ),
    "another seed": ({"seals"}, stored(seed=bytes(32))),
    "a definition that is not sealed": ({"seals"}, stored(definition=DEFINITIONS[0])),
    "an answer without a receipt": ({"receipts"}, answered(upto=None, head=None)),
    "a receipt that ends before its row": (
        {"receipts"}, answered(seq=2, upto=1, click=TWO.id)
    ),
    "a receipt of another log": ({"receipts"}, answered(head="00" * 32)),
    "a receipt for another row": ({"receipts"}, answered(upto=3)),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_dishonest_change_is_named(what: str) -> None:
    checks, change = BROKEN[what]
    history, log = honest()
    assert log.chain is not None
    found = {each.check for each in proven(*change(history, log, log.chain))}
    assert found == checks


def test_attempt_without_an_outcome_needs_no_receipt() -> None:
    history, log = honest()
    history.add(replace(history.entries[0], verdict="unknown", upto=None, head=None))
    assert proven(history, log) == []
