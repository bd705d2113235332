"""A circuit breaker around a store that may be slow, unreachable or read-only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hunt.errors import CircuitOpen

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to make one call; settle it exactly once."""

    opening: int  #: how often the breaker had opened when it admitted the call
    probe: bool  #: the breaker was not closed


@dataclass(slots=True)
class Breaker:
    """Refuses calls to a store that keeps failing (Nygard, *Release It!*, ch. 5).

    Get a ticket from `admit` before each call, and settle it according to how the call
    ended::

        ticket = breaker.admit()            # raises CircuitOpen
        try:
            await call()
        except TimeoutError:
            breaker.time_out(ticket)
            raise
        except OSError:
            breaker.fail(ticket)
            raise
        except BaseException:               # cancelled, or a bug: proves nothing
            breaker.abandon(ticket)
            raise
        breaker.succeed(ticket, seconds)

    The breaker opens after `batches` slow successes, `timeouts` timeouts or `failures`
    failures in a row, and at once if the store is read-only.  After a pause it admits one
    probe at a time; `good` successful probes in a row close it.  A ticket from before the
    last opening changes nothing, because it describes an earlier state of the store.
    No method blocks, and `clock` is the only clock.

    The pauses double with each opening.  Closing alone does not reset them, because a probe
    may succeed where calls fail.  They are reset by `batches` good calls in a row.

    `hurry` ends a pause early.  An operator can hold the breaker open or closed by `force`.
    """

    clock: Callable[[], float]  #: monotonic time, in seconds
    slow: float = field(default=0.050, kw_only=True)  #: seconds, > 0, after which a success is slow
    batches: int = field(default=10, kw_only=True)  #: slow calls in a row that open it, >= 1
    timeouts: int = field(default=2, kw_only=True)  #: timeouts in a row that open it, >= 1
    failures: int = field(default=3, kw_only=True)  #: failures in a row that open it, >= 1
    cooldown: float = field(default=0.5, kw_only=True)  #: seconds, > 0, of the first pause
    cap: float = field(default=15.0, kw_only=True)  #: seconds, >= cooldown, of the longest pause
    good: int = field(default=3, kw_only=True)  #: good probes in a row that close it, >= 1
    jitter: Callable[[], float] = field(default=lambda: 1.0, kw_only=True)  #: 0 to 1
    state: State = field(default="closed", init=False)
    forced: Literal["open", "closed"] | None = field(default=None, init=False)  #: see `force`
    openings: int = field(default=0, init=False)  #: number of openings so far
    reason: str | None = field(default=None, init=False)  #: why it opened; None while closed
    opened_at: float = field(default=0.0, init=False)  #: time of the last opening, by `clock`
    _pause: float = field(default=0.0, init=False)
    _in_a_row: int = field(default=0, init=False)  # openings since calls last succeeded
    _probing: bool = field(default=False, init=False)
    _good: int = field(default=0, init=False)  # probes in a row
    _good_run: int = field(default=0, init=False)  # calls in a row, since it closed
    _slow_run: int = field(default=0, init=False)
    _timeout_run: int = field(default=0, init=False)
    _failure_run: int = field(default=0, init=False)

    def admit(self) -> Ticket:
        """Return a ticket to settle one call with.

        Raises:
            CircuitOpen: The breaker is open, or half-open with a probe in flight.
        """
        if self.state == "closed":
            return Ticket(self.openings, probe=False)
        if self._probing or self.retry_after() > 0:
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
        """Settle a call that met a read-only store: open at once."""
        if self._settle(ticket):
            self._open("read-only")

    def abandon(self, ticket: Ticket) -> None:
        """Settle a call that was cancelled, which proves nothing about the store."""
        self._settle(ticket)

    def force(self, state: Literal["open", "closed"] | None) -> None:
        """Hold the breaker open or closed whatever calls do; None releases it.

        On release an open breaker admits a probe at once, and a closed one has all counts
        at zero.
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
        """Admit a probe at once, because the store may be available again.

        If the probe fails, the next pause is as long as without this call.
        """
        # Without effect in other states: each opening sets a new pause.
        self._pause = 0.0

    def retry_after(self) -> float:
        """Return the seconds, >= 0, until a call may be admitted."""
        if self.state == "closed":
            return 0.0
        if self.forced == "open":
            return self.cap  # unknown: an operator decides
        # The sum is the one in `probe_at`.  If it were rounded differently, a caller that slept
        # until then would be refused and would sleep again.
        return max(self.opened_at + self._pause - self.clock(), 0.0)

    def probe_at(self) -> float | None:
        """Return the time of the next probe, by `clock`.

        None while the breaker is closed, forced open, or has a probe in flight.
        """
        if self.state == "closed" or self._probing or self.forced == "open":
            return None
        return self.opened_at + self._pause

    def in_a_row(self) -> dict[str, int]:
        """Return the current runs of bad calls, by kind."""
        return {
            "slow": self._slow_run,
            "timeout": self._timeout_run,
            "unavailable": self._failure_run,
        }

    def _settle(self, ticket: Ticket) -> bool:
        """Return whether the ticket is current; end its probe."""
        if ticket.opening != self.openings:
            return False
        if ticket.probe:
            self._probing = False
            # The result counts even if other probes have closed the breaker meanwhile.
        return True

    def _open(self, reason: str) -> None:
        if self.forced == "closed":
            return
        # Half of the pause is fixed, against probing in a tight loop; half is jitter, so
        # that processes do not probe at the same time.
        longest = min(self.cooldown * 2.0**self._in_a_row, self.cap)
        self._pause = longest * (0.5 + 0.5 * self.jitter())
        self.state, self.reason, self.opened_at = "open", reason, self.clock()
        self.openings += 1
        self._in_a_row = min(self._in_a_row + 1, 30)  # 2.0**30 is past any cap
        self._probing = False
        self._good = self._good_run = 0
        self._slow_run = self._timeout_run = self._failure_run = 0
