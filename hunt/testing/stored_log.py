"""The content of the store for one hunt after a run; the oracle compares it with histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hunt.core.events import Reward
from hunt.testing.voids import Voids


class PrizeCount(msgspec.Struct, frozen=True, kw_only=True):
    """The count of one prize that has a stock or a limit."""

    prize: str
    stock: int | None = None  #: largest number of grants; None: no limit
    granted: int = 0  #: number of grants, as counted by the store; 0 without a stock
    per_player: int | None = None  #: largest number of grants to one player; None: no limit


class StoredCode(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded code of a prize."""

    prize: str
    code: str
    reward: int | None = None  #: seq of the row that has it


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry of the chain."""

    seq: int  #: seq of the last row before it
    document: str  #: its text, as it was hashed
    definition: str | None = None  #: canonical text of the definition, beside a seal


class StoredChain(msgspec.Struct, frozen=True, kw_only=True):
    """The chain of one hunt, and what it commits to."""

    player_key: bytes
    seed: bytes  #: the first share
    definition: str  #: canonical text of the definition in force
    head: str  #: current head, in hex
    entries: Sequence[StoredEntry]  #: in the order of the chain
    heads: Sequence[tuple[int, str]] = ()  #: published heads: seq, and head in hex
    leaves: Mapping[int, bytes] = msgspec.field(default_factory=dict)  #: of erased players, by seq


class StoredLog(msgspec.Struct, frozen=True, kw_only=True):
    """The complete log of one hunt."""

    hunt: str
    epoch: str
    last_seq: int  #: as counted by the store
    rows: Sequence[Reward]  #: in any order
    stocks: Sequence[PrizeCount] = ()
    voids: Voids = msgspec.field(default_factory=dict)  #: rewards that are void
    codes: Sequence[StoredCode] = ()
    chain: StoredChain | None = None  #: None: not checked
