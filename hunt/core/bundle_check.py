"""Checks a bundle in one pass: file, seeds, seals, chain, pools of codes, draws and grants."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from hunt.core import chain, seal
from hunt.core.bundle import (
    FORMAT,
    Batch,
    Codes,
    Entry,
    Head,
    Line,
    Row,
    Start,
    definition_of,
    leaf_of,
)
from hunt.core.replay import Replay
from hunt.errors import ProofError
from hunt.plurals import plural

KINDS = ("seal", "share", "void", "end")


class Report(Struct, frozen=True, kw_only=True):
    """The content of a bundle that passed all checks."""

    hunt: str
    head: str
    rows: int
    seals: list[str]  #: hashes, oldest first
    heads: int  #: published heads
    rewards: int
    erased: int  #: rows of erased players, whose draws cannot be checked
    voids: int
    codes: int


def check(lines: Iterable[Line], receipts: Iterable[dict[str, Any]] = ()) -> Report:
    """Check a bundle, and receipts with it.

    Args:
        lines: The lines of the bundle.
        receipts: Answers to clicks, with their receipts.

    Raises:
        ProofError: Names the first line, entry or row that is wrong.
    """
    it = iter(lines)
    start = next(it, None)
    if not isinstance(start, Start):
        raise ProofError("line 1: a bundle begins with a line of the kind bundle")
    checker = _Checker(start, receipts)
    for number, line in enumerate(it, 2):
        try:
            checker.take(line)
        except ProofError as exc:
            raise ProofError(f"line {number}: {exc}") from None
        except (ValueError, KeyError, TypeError) as exc:
            raise ProofError(f"line {number}: a value is missing or malformed: {exc!r}") from None
    return checker.finish()


class _Checker:
    def __init__(self, start: Start, receipts: Iterable[dict[str, Any]]) -> None:
        if start.format != FORMAT or start.algorithm != chain.ALGORITHM:
            raise ProofError(
                f"line 1: format {start.format} and algorithm {start.algorithm} are unknown here"
            )
        self._start = start
        self._seed = bytes.fromhex(start.seed)
        self._share = None if start.share is None else bytes.fromhex(start.share)
        self._head = chain.START
        self._seq = 0
        self._at = ""
        self._seals: list[dict[str, Any]] = []
        self._hashes: list[str] = []
        self._ended = False
        self._entered = False
        self._counts: Counter[str] = Counter()
        self._granted: Counter[str] = Counter()
        self._pools: dict[str, chain.Tree] = {}
        self._clicks: dict[int, int] = {}  # seq of each click, by its id as a number
        self._replay = Replay(chain.joined_seed(self._seed, self._share))
        self._receipts = {int(each["seq"]): each for each in receipts}
        self._waiting: dict[int, set[str]] = {}  # heads that receipts have, by seq
        for each in self._receipts.values():
            told = each["receipt"]
            self._waiting.setdefault(int(told["upto"]), set()).add(str(told["head"]))

    def take(self, line: Line) -> None:
        """Check the next line."""
        match line:
            case Entry():
                self._entry(line)
            case Batch():
                self._batch(line)
            case Head():
                self._counts["heads"] += 1
                if (line.seq, line.head) != (self._seq, self._head.hex()):
                    raise ProofError(
                        f"the head published for seq {line.seq} at {line.at} is {line.head}, "
                        f"but the chain gives {self._head.hex()} after seq {self._seq}: a row or "
                        "entry before it was altered, removed, inserted or moved"
                    )
            case Codes():
                self._codes(line)
            case _:
                raise ProofError("a second line of the kind bundle")

    def finish(self) -> Report:
        """Check what only the whole bundle shows."""
        if not self._ended:
            raise ProofError("the last entry is not the end of the hunt: the bundle is incomplete")
        if self._start.rows != self._seq:
            raise ProofError(
                f"line 1 states {plural(self._start.rows, 'row')}, and the file has {self._seq}"
            )
        if self._start.head != self._head.hex():
            raise ProofError(
                f"line 1 states the last head {self._start.head}, and the chain gives "
                f"{self._head.hex()}"
            )
        for sealed in self._seals:
            for prize, pool in sealed["codes"].items():
                found = self._pools.get(prize, chain.Tree()).size
                if found < pool["count"]:
                    raise ProofError(
                        f"prize {prize}: the file has {found} of {plural(pool['count'], 'code')}"
                    )
        for upto, heads in self._waiting.items():
            raise ProofError(
                f"receipt: the chain never had the head {min(heads)} after seq {upto}: a row or "
                "entry up to there was altered since the receipt was given"
            )
        for seq in self._receipts:
            raise ProofError(f"receipt: the log has no row with the seq {seq}")
        return Report(
            hunt=self._start.hunt,
            head=self._head.hex(),
            rows=self._seq,
            seals=self._hashes,
            heads=self._counts["heads"],
            rewards=sum(self._granted.values()),
            erased=self._counts["erased"],
            voids=self._counts["voids"],
            codes=sum(tree.size for tree in self._pools.values()),
        )

    def _advance(self, head: bytes) -> None:
        self._head = head
        if (heads := self._waiting.get(self._seq)) is not None:
            heads.discard(head.hex())
            if not heads:
                del self._waiting[self._seq]

    def _entry(self, line: Entry) -> None:
        document = line.document
        kind, seq = document["kind"], document["seq"]
        if self._ended:
            raise ProofError(f"an entry of the kind {kind} after the end")
        if kind not in KINDS:
            raise ProofError(f"an entry of the unknown kind {kind!r}")
        if seq != self._seq:
            raise ProofError(f"the entry {kind} is for seq {seq}, and stands after seq {self._seq}")
        text = chain.canonical(document)
        if kind == "seal":
            self._seal(document, line.definition, text)
        elif kind == "share":
            self._entered = True
            self._check_share()
        elif kind == "void":
            self._counts["voids"] += len(document["rewards"])
            self._replay.void(document["rewards"], document["at"])
        else:
            self._ended = True
        self._advance(chain.after_entry(self._head, text))

    def _seal(
        self, document: dict[str, Any], definition: dict[str, Any] | None, text: bytes
    ) -> None:
        number = len(self._seals) + 1
        name = f"seal {number}"
        if document["number"] != number or document["hunt"] != self._start.hunt:
            raise ProofError(f"{name} is missing, of another hunt, or out of order")
        if document["previous"] != (self._hashes[-1] if self._hashes else None):
            raise ProofError(f"{name} does not name the seal before it")
        if document["seed"] != hashlib.sha256(self._seed).hexdigest():
            raise ProofError(f"the seed is not the one of {name}: it was exchanged")
        if definition is None:
            raise ProofError(f"{name} has no definition")
        salt = chain.definition_salt(self._seed, number)
        if document["definition"] != chain.definition_commitment(salt, chain.canonical(definition)):
            raise ProofError(
                f"the definition of {name} is not the sealed one: a place, odds, the order of "
                "prizes or another rule was changed"
            )
        found = definition_of(definition)
        pools = {prize: seal.Pool(**pool) for prize, pool in document["codes"].items()}
        if chain.canonical(document["public"]) != chain.canonical(seal.public(found, pools)):
            raise ProofError(f"{name} shows players other rules than its definition")
        self._seals.append(document)
        self._hashes.append(seal.seal_hash(text))
        if self._entered or self._seq:  # a draft may still name another share
            self._check_share()
        counts = {prize: pool.count for prize, pool in pools.items()}
        self._replay.change(found, counts, document["at"])

    def _check_share(self) -> None:
        """Check that the share is the one that the latest seal names."""
        share = None if self._share is None else hashlib.sha256(self._share).hexdigest()
        if not self._seals or self._seals[-1]["share"] != share:
            raise ProofError(
                f"the second share is not the one of seal {len(self._seals)}: it was exchanged"
            )
        if share is not None and not self._entered:
            raise ProofError("the hunt was played before its second share was entered")

    def _batch(self, line: Batch) -> None:
        if self._ended:
            raise ProofError(f"row {line.first} is after the end")
        if not self._seals:
            raise ProofError(f"row {line.first} is before the first seal")
        if line.first != self._seq + 1 or not line.rows:
            raise ProofError(f"row {line.first} follows row {self._seq}: rows are missing or moved")
        if line.at == self._at:
            raise ProofError(f"the batches before and from row {line.first} have the same time")
        self._at = line.at
        if not self._seq:
            self._check_share()
        leaves = [leaf_of(row) for row in line.rows]
        results = [(row.prize, row.points, row.sold_out) for row in line.rows]
        head = chain.after_batch(self._head, line.first, line.at, results, leaves)
        at = self._replay.time(line.at)
        for seq, row in enumerate(line.rows, line.first):
            if row.id is not None:
                first = self._clicks.setdefault(int(row.id.replace("-", ""), 16), seq)
                if first != seq:
                    raise ProofError(f"rows {first} and {seq} are of the same click")
            self._replay.row(seq, row, at)
            self._receipt(seq, row, line.at)
            self._counts["erased"] += row.leaf is not None
            if row.prize is not None:
                self._granted[row.prize] += 1
        self._seq += len(line.rows)
        self._advance(head)

    def _receipt(self, seq: int, row: Row, at: str) -> None:
        told = self._receipts.pop(seq, None)
        if told is None:
            return
        found: dict[str, object] = {
            "prize": row.prize,
            "points": row.points,
            "at": at,
            "sold_out": row.sold_out,
        }
        if row.leaf is None:
            found |= {"id": row.id, "x": row.x, "y": row.y}
        for name, value in found.items():
            if told.get(name) != value:
                raise ProofError(
                    f"row {seq} has the {name} {value!r}, and its receipt {told.get(name)!r}"
                )

    def _codes(self, line: Codes) -> None:
        if not self._ended:  # a seal may follow that these codes would not be compared with
            raise ProofError(f"prize {line.prize}: codes are before the end")
        tree = self._pools.setdefault(line.prize, chain.Tree())
        if line.first != tree.size + 1:
            raise ProofError(f"prize {line.prize}: codes from {tree.size + 1} are missing")
        due: dict[int, set[str]] = {}  # roots of the seals, by their numbers of codes
        for sealed in self._seals:
            if (pool := sealed["codes"].get(line.prize)) is not None:
                due.setdefault(pool["count"], set()).add(pool["root"])
        for leaf in line.leaves:
            tree.append(bytes.fromhex(leaf))
            if tree.size in due and due[tree.size] != {tree.root}:
                raise ProofError(
                    f"prize {line.prize}: the first {tree.size} codes are not the sealed ones"
                )
