"""A circuit breaker around a store that may be slow, away or read-only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hunt.errors import CircuitOpen

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to make one call; settle it exactly once."""

    opening: int  #: how often the breaker had opened when it was given out
    probe: bool  #: it was given out while the breaker was not closed


@dataclass(slots=True)
class Breaker:
    """Refuses calls to a store that keeps failing (Nygard, *Release It!*, ch. 5).

    Ask `admit` for a ticket before a call, and settle the ticket afterwards, in
    whichever way the call ended::

        ticket = breaker.admit()            # or CircuitOpen, at once
        try:
            await call()
        except TimeoutError:
            breaker.time_out(ticket)
            raise
        except OSError:
            breaker.fail(ticket)
            raise
        except BaseException:               # cancelled, or a bug: no news
            breaker.abandon(ticket)
            raise
        breaker.succeed(ticket, seconds)

    It opens after `batches` slow successes, `timeouts` timeouts or `failures`
    failures in a row, or at once when the store is read-only.  After a pause one
    probe at a time may pass; `good` good ones in a row close it.  A ticket from
    before the last opening changes nothing: it says how the store was, not how
    it is.  Nothing here blocks, and no clock but `clock` is read.

    The pauses double with each opening.  A close alone does not make them short
    again, because a probe may pass where calls do not: only `batches` good calls in
    a row do, as many as slow ones would have opened it.

    `hurry` ends a pause early.  An operator who knows better can hold it with `force`.
    """

    clock: Callable[[], float]  #: monotonic time, in seconds
    slow: float = field(default=0.050, kw_only=True)  #: seconds, > 0; longer is slow
    batches: int = field(default=10, kw_only=True)  #: slow calls in a row that open it, >= 1
    timeouts: int = field(default=2, kw_only=True)  #: timeouts in a row that open it, >= 1
    failures: int = field(default=3, kw_only=True)  #: failures in a row that open it, >= 1
    cooldown: float = field(default=0.5, kw_only=True)  #: seconds, > 0, of the first pause
    cap: float = field(default=15.0, kw_only=True)  #: seconds, >= cooldown, of the longest pause
    good: int = field(default=3, kw_only=True)  #: good probes in a row that close it, >= 1
    jitter: Callable[[], float] = field(default=lambda: 1.0, kw_only=True)  #: 0 to 1
    state: State = field(default="closed", init=False)
    forced: Literal["open", "closed"] | None = field(default=None, init=False)  #: see `force`
    openings: int = field(default=0, init=False)  #: since it was made
    reason: str | None = field(default=None, init=False)  #: why it opened last, while not closed
    opened_at: float = field(default=0.0, init=False)  #: by `clock`, of the last opening
    _pause: float = field(default=0.0, init=False)
    _in_a_row: int = field(default=0, init=False)  # openings since calls last went well
    _probing: bool = field(default=False, init=False)
    _good: int = field(default=0, init=False)  # probes in a row
    _good_run: int = field(default=0, init=False)  # calls in a row, since it closed
    _slow_run: int = field(default=0, init=False)
    _timeout_run: int = field(default=0, init=False)
    _failure_run: int = field(default=0, init=False)

    def admit(self) -> Ticket:
        """Return a ticket to settle one call with.

        Raises:
            CircuitOpen: Not now; while half-open, because a probe is under way.
        """
        if self.state == "closed":
            return Ticket(self.openings, probe=False)
        if self._probing or self.forced == "open" or self.retry_after() > 0:
            raise CircuitOpen(retry_after=self.retry_after())
        self.state, self._probing = "half-open", True
        return Ticket(self.openings, probe=True)

    def succeed(self, ticket: Ticket, seconds: float) -> None:
        """Settle a call that the store answered after `seconds`."""
        if not self._settle(ticket):
            return
        self._timeout_run = self._failure_run = 0
        if seconds > self.slow:
            self._slow_run += 1
            self._good_run = 0
            if ticket.probe or self._slow_run >= self.batches:
                self._open("slow")
            return
        self._slow_run = 0
        if ticket.probe:
            self._good += 1
            if self._good >= self.good:
                self.state, self.reason = "closed", None
            return
        self._good_run += 1
        if self._good_run >= self.batches:
            self._in_a_row = 0

    def time_out(self, ticket: Ticket) -> None:
        """Settle a call that the store did not answer in time."""
        if self._settle(ticket):
            self._good_run = 0
            self._timeout_run += 1
            if ticket.probe or self._timeout_run >= self.timeouts:
                self._open("timeout")

    def fail(self, ticket: Ticket) -> None:
        """Settle a call for which the store could not be reached."""
        if self._settle(ticket):
            self._good_run = 0
            self._failure_run += 1
            if ticket.probe or self._failure_run >= self.failures:
                self._open("unavailable")

    def read_only(self, ticket: Ticket) -> None:
        """Settle a call that met a standby: it opens at once."""
        if self._settle(ticket):
            self._open("read-only")

    def abandon(self, ticket: Ticket) -> None:
        """Settle a call that was cancelled, which proves nothing either way."""
        self._settle(ticket)

    def force(self, state: Literal["open", "closed"] | None) -> None:
        """Hold it open, or closed, whatever becomes of the calls; None lets go of it.

        Let go of, an open one lets a probe pass at once, and a closed one counts
        from the beginning.
        """
        was, self.forced = self.forced, state
        if state == "open":
            self._open("forced")
        elif state == "closed":
            self.state, self.reason, self._probing = "closed", None, False
            self._in_a_row = self._good = 0
        elif was == "open":
            self._pause = 0.0
        self._slow_run = self._timeout_run = self._failure_run = 0

    def hurry(self) -> None:
        """Let a probe pass at once: there is news that the store may be well again.

        Where the probe fails all the same, the next pause is as long as without this.
        """
        if self.state == "open" and self.forced is None:
            self._pause = 0.0

    def retry_after(self) -> float:
        """Return the seconds, >= 0, until it is worth asking again."""
        if self.state == "closed":
            return 0.0
        if self.forced == "open":
            return self.cap  # nobody knows, but it is not for ever
        # The sum first, as in `probe_at`: rounded otherwise, who slept until then
        # would be refused, and sleep again for nothing.
        return max(self.opened_at + self._pause - self.clock(), 0.0)

    def probe_at(self) -> float | None:
        """Return when a probe may pass, by `clock`; None while closed, probing or held open."""
        if self.state == "closed" or self._probing or self.forced == "open":
            return None
        return self.opened_at + self._pause

    def in_a_row(self) -> dict[str, int]:
        """Return how many calls in a row went wrong, by kind, since it last moved."""
        return {
            "slow": self._slow_run,
            "timeout": self._timeout_run,
            "unavailable": self._failure_run,
        }

    def _settle(self, ticket: Ticket) -> bool:
        """Return whether the ticket is news; a probe gives its place back."""
        if ticket.opening != self.openings:
            return False
        if ticket.probe:
            self._probing = False
            # A ticket of the same opening, but settled after others closed the
            # breaker, is as good as any; one place is all that had to be freed.
        return True

    def _open(self, reason: str) -> None:
        if self.forced == "closed":
            return
        # Half of the pause is fixed, so that it never probes in a tight loop,
        # half is jitter, so that processes do not probe in step.
        longest = min(self.cooldown * 2.0**self._in_a_row, self.cap)
        self._pause = longest * (0.5 + 0.5 * self.jitter())
        self.state, self.reason, self.opened_at = "open", reason, self.clock()
        self.openings += 1
        self._in_a_row = min(self._in_a_row + 1, 30)  # 2.0**30 is past any cap
        self._probing = False
        self._good = self._good_run = 0
        self._slow_run = self._timeout_run = self._failure_run = 0
