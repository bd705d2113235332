"""What the store holds of one hunt after a run, for the oracle to compare."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hunt.core.events import Reward


class PrizeCount(msgspec.Struct, frozen=True, kw_only=True):
    """The count of one prize that has a limit."""

    prize: str
    stock: int | None = None  #: granted at most so often; None: without limit
    granted: int = 0  #: as the store counts it, where there is a stock
    per_player: int | None = None  #: granted to one player at most so often


class StoredLog(msgspec.Struct, frozen=True, kw_only=True):
    """One hunt's log, whole."""

    hunt: str
    epoch: str
    last_seq: int  #: as the store counts it
    rows: Sequence[Reward]  #: in any order
    stocks: Sequence[PrizeCount] = ()
