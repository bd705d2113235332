"""A hunt as it stands: its definition, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hunt.core import fairness
from hunt.core.definition import Definition

State = Literal["draft", "open", "paused", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """One hunt, as read from the store at some moment."""

    definition: Definition
    version: int  #: of the definition, >= 1
    state: State  #: what the operator said last
    epoch: str  #: of the log; short, of ``[a-z0-9]``
    last_seq: int  #: of the log, >= 0
    seed: bytes = field(repr=False)  #: secret until the hunt is over
    stock_left: Mapping[str, int]  #: by prize, of those with a stock

    @property
    def id(self) -> str:
        """The id of the definition."""
        return self.definition.id

    @property
    def commitment(self) -> str:
        """What is public of the seed from the start."""
        return fairness.commit(self.seed)

    def is_open(self, now: datetime) -> bool:
        """Return whether the hunt takes clicks at `now`."""
        opens, closes = self.definition.opens_at, self.definition.closes_at
        return (
            self.state == "open"
            and (opens is None or opens <= now)
            and (closes is None or now < closes)
        )

    def is_over(self, now: datetime) -> bool:
        """Return whether the hunt has ended at `now`, so that its seed may be shown."""
        closes = self.definition.closes_at
        return self.state == "closed" or (closes is not None and now >= closes)
