"""Endpoints of webhooks: what to send where, how far each has come, and when to try again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from hunt.core.log_event import EventFilter, Events

#: Seconds: the longest first pause, and the longest pause of all.
BASE, CAP = 2.0, 3600.0

#: Seconds until an event becomes a dead letter: least, default, most.
LEAST_PATIENCE, PATIENCE, MOST_PATIENCE = 60, 86_400, 604_800

#: Seconds for which the former secret also signs after a rotation, by default and at most.
KEEP, MOST_KEEP = 86_400, 604_800

#: Endpoints of one hunt.
MOST_ENDPOINTS = 20

#: The log that an endpoint follows: of rewards, or of the changes of their states.
FollowedLog = Literal["rewards", "changes"]

#: Why an endpoint is stopped: by an operator, or by its answer 410.
Stopped = Literal["operator", "gone"]


class Webhook(Struct, frozen=True, kw_only=True):
    """An endpoint, as an operator defines it."""

    id: int
    hunt: str
    url: str
    log: FollowedLog = "rewards"
    events: Events = "wins"  #: of the log of rewards
    prizes: tuple[str, ...] | None = None  #: None: all
    patience: int = PATIENCE  #: seconds until an event becomes a dead letter

    @property
    def wanted(self) -> EventFilter:
        """The events that it receives."""
        return EventFilter(self.events, self.prizes)


class WebhookState(Struct, frozen=True, kw_only=True):
    """An endpoint with its progress, as read at one moment by the database's clock."""

    webhook: Webhook
    created_at: datetime
    stopped: Stopped | None
    seq: int  #: last row of its log that was sent or skipped
    behind: int  #: rows of the log after it
    attempts: int  #: failed attempts of the next event
    failing_since: datetime | None
    next_attempt: datetime | None
    last_attempt: datetime | None
    last_status: int | None  #: None: there was no answer
    last_error: str | None
    dead: int  #: dead letters
    replays: int  #: dead letters to be sent again
    holder: str | None  #: the lease; None: there is none
    held_for: float  #: seconds, > 0, that the lease has left; otherwise 0
    paused_for: float  #: seconds, > 0, until the next attempt; otherwise 0
    failing_for: float  #: seconds since the first failed attempt of the next event; otherwise 0
    lag: float  #: age of the first row after `seq`, in seconds; 0: there is none

    @property
    def has_work(self) -> bool:
        """Whether there are rows or dead letters to deal with."""
        return self.stopped is None and (self.behind > 0 or self.replays > 0)


class Lease(Struct, frozen=True, kw_only=True):
    """The right of one process to send the events of an endpoint, for `LEASE` seconds."""

    webhook: Webhook
    holder: str  #: unique to this lease
    seq: int  #: position at its beginning
    attempts: int  #: failed attempts of the next event
    replays: bool  #: whether there are dead letters to be sent again
    secrets: tuple[bytes, ...] = field(default=())  #: sealed, newest first


class Answer(Struct, frozen=True):
    """The answer to one request."""

    status: int | None  #: None: there was none
    error: str | None  #: one line without secrets; None for 2xx
    seconds: float

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken the event."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def result(self) -> str:
        """A class of answers, as a label of metrics."""
        return "none" if self.status is None else f"{self.status // 100}xx"


class DeadLetter(Struct, frozen=True):
    """An event that was skipped."""

    seq: int
    at: datetime  #: when it was skipped
    attempts: int
    status: int | None
    error: str | None
    replay: bool  #: it will be sent again


def retry_pause(attempts: int, jitter: Callable[[], float]) -> float:
    """Return the seconds until the next attempt: from half a bound up to the bound.

    The bound doubles with each attempt from `BASE` to `CAP`.  At least half of it passes, so that
    a receiver that is overloaded gets some rest.

    Args:
        attempts: Failed attempts so far, >= 1.
        jitter: Uniform in [0, 1).
    """
    bound = min(BASE * 2.0 ** min(attempts - 1, 60), CAP)
    return bound * (0.5 + 0.5 * jitter())
