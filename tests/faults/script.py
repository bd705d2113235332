"""A fault script: the faults of a run with their times, and its seed."""

from __future__ import annotations

from typing import Literal

import msgspec

Value = str | float | int | bool


#: Bounds of every run, unless a script has its own: seconds from the end of the last fault to the
#: last click that failed, and seconds until all streams are open again.
MOST = {"recovered": 5.0, "streams back": 5.0}

#: Clicks per second that succeed before the first fault, and the share of that rate after the
#: recovery.  The shares are low because other programs use the machine as well.
LEAST = {"goodput before": 10.0, "goodput after": 0.3}


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault."""

    fault: str  #: its name in `tests.faults.faults`
    at: float = 0.8  #: seconds after the load has begun
    lasts: float = 0.0  #: seconds until it is undone
    calm: bool = False  #: later, if another such fault is in force or has not recovered
    give: dict[str, Value] = {}  #: arguments of the fault


class Script(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run, which can be printed and repeated."""

    name: str
    row: str  #: of the matrix of faults
    steps: list[Step] = []
    seed: int = 1  #: of the clients' choices; the machine makes its own
    seconds: float = 2.0  #: of load, at least; it goes on until one second after the last fault
    answers: int = 0  #: of 200, at least, before the load ends: a busy machine takes longer
    players: int = 12  #: every third one clicks on two connections at a time
    listeners: int = 1  #: streams of each player
    nodes: int = 1
    processes: int = 2  #: of each node
    pause: float = 0.02  #: seconds between two clicks of one connection, on the average
    repeat: float = 0.05  #: share of answered clicks that are sent again
    fickle: float = 0.1  #: share of refusals that the client accepts as final
    apart: bool = False  #: clicks go to the first node, and streams to the last
    hasty: float = 0.0  #: share of clicks whose client leaves before the answer
    poison: float = 0.0  #: share of clicks that the store rejects
    within: float = 5.0  #: seconds within which an answered click must be streamed
    environ: dict[str, str] = {}  #: settings of hunt
    options: dict[str, str] = {}  #: of PostgreSQL
    dsn: dict[str, str] = {}  #: parameters of hunt's connection string
    standby: Literal["", "async", "sync"] = ""  #: PostgreSQL has a standby, and waits for it or not
    bus: bool = False  #: a Valkey server carries notices, and not PostgreSQL
    webhook: bool = False  #: an endpoint of a webhook gets all wins
    changes: bool = False  #: and another one gets all changes: each win is marked as sent
    schedule: bool = False  #: each entry of the schedule must be performed once
    disk: int = 0  #: megabytes of the file system under PostgreSQL; 0: the machine's own
    descriptors: int = 0  #: limit of open files of each process of hunt; 0: the machine's own
    codes: int = 0  #: codes of a prize that the hunt then has, too
    clock: bool = False  #: hunt has a wall clock that can be set
    silent: bool = False  #: the first host of hunt's connection string accepts and never answers
    names: bool = False  #: hunt's connection string has host names; see `tests.faults.names`
    most: dict[str, float] = {}  #: figure -> maximum; added to `MOST`, or replaces it
    least: dict[str, float] = {}  #: figure -> minimum; added to `LEAST`, or replaces it
    memory: float = 0.0  #: bytes that may stay in use, in addition to the allowance of every run
    rules: Literal["", "moments", "pacing"] = ""  #: the hunt of `tests.faults.ruled`; "": without
    ci: bool = True  #: part of the normal test suite

    @property
    def maxima(self) -> dict[str, float]:
        """Return the upper bounds, by figure."""
        return {**MOST, **self.most}

    @property
    def minima(self) -> dict[str, float]:
        """Return the lower bounds, by figure."""
        return {**LEAST, **self.least}

    def encode(self) -> str:
        """Return it as JSON, for `python -m tests.faults`."""
        return msgspec.json.encode(self).decode()


decode = msgspec.json.Decoder(Script).decode
