"""A Hypothesis state machine that tests a breaker against a model.

For code that *uses* a breaker there is `hunt.testing.caller_machine`; the guide is
``docs/how-to/property-test-the-breaker.md``.
"""

from __future__ import annotations

from copy import copy
from typing import Literal

try:
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        Bundle,
        RuleBasedStateMachine,
        consumes,
        invariant,
        multiple,
        precondition,
        rule,
    )
except ImportError as exc:
    raise ImportError(
        "hunt.testing.breaker_machine needs Hypothesis: pip install hypothesis"
    ) from exc

from hunt.core.breaker import Breaker, Ticket
from hunt.errors import CircuitOpen

#: How a ticket may be settled: the names of the breaker's methods.
Settling = Literal["succeed", "time_out", "fail", "read_only", "abandon"]

SETTLINGS: tuple[Settling, ...] = ("succeed", "time_out", "fail", "read_only", "abandon")


class Clock:
    """A clock that the test sets, in whole seconds, because assertions are exact."""

    def __init__(self) -> None:
        self.now = 0  #: seconds

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def pauses() -> st.SearchStrategy[int]:
    """Return a strategy for the seconds between two events."""
    return st.integers(0, 9)


def settlings() -> st.SearchStrategy[Settling]:
    """Return a strategy for the end of a call."""
    return st.sampled_from(SETTLINGS)


class BreakerMachine(RuleBasedStateMachine):
    """Checks that a breaker keeps its contract for any order of events.

    Override `make` to test other options or another breaker.
    """

    tickets: Bundle[Ticket] = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = self.make(self.clock)
        self.probes = 0  #: probes in flight since the last opening
        self._runs: dict[str, int] = {}  # bad ends in a row, by kind
        self._good = 0  # probes in a row
        self._good_calls = 0  # in a row, since it closed
        self._openings = 0  # since calls last went well

    def make(self, clock: Clock) -> Breaker:
        """Return the breaker to test; small thresholds find more."""
        return Breaker(clock, slow=1, batches=2, timeouts=2, failures=3, cooldown=4, cap=16, good=2)

    @rule(seconds=pauses())
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule(target=tickets)
    def begin(self) -> Ticket:
        """Request a ticket; check that a closed breaker never refuses, and others for a reason."""
        before = self.breaker.state
        due = self.breaker.probe_at()
        try:
            ticket = self.breaker.admit()
        except CircuitOpen as refusal:
            after = refusal.retry_after
            assert before != "closed", "a closed breaker refused a call"
            assert 0 <= after <= self.breaker.cap
            assert self.probes or after > 0, "it refused without a reason"
            return multiple()  # type: ignore[return-value]  # nothing for the bundle
        assert ticket.probe == (before != "closed")
        if ticket.probe:
            assert not self.probes, "two probes at a time"
            assert due is not None, "a probe passed while another was in flight"
            assert due <= self.clock.now, "a probe passed before its time"
            self.probes += 1
        return ticket

    @rule()
    def hurry(self) -> None:
        """Call `hurry`: a probe may pass, and nothing else changes."""
        before = self.breaker.state, self.breaker.openings, self.breaker.reason
        self.breaker.hurry()
        assert (self.breaker.state, self.breaker.openings, self.breaker.reason) == before
        if self.breaker.state == "open":
            assert self.breaker.retry_after() == 0, "the breaker still waits after hurry()"

    @rule(ticket=consumes(tickets), how=settlings(), slow=st.booleans())
    def end(self, ticket: Ticket, how: Settling, slow: bool) -> None:
        """Settle a ticket, and compare the breaker with the model."""
        breaker, openings = self.breaker, self.breaker.openings
        before = breaker.state
        if how == "succeed":
            breaker.succeed(ticket, breaker.slow + 1 if slow else 0)
        else:
            getattr(breaker, how)(ticket)
        if ticket.opening != openings:
            assert (breaker.state, breaker.openings) == (before, openings), (
                "a ticket from before the last opening changed the state"
            )
            return
        self.probes -= ticket.probe
        opens = self._model(ticket, "slow" if how == "succeed" and slow else how)
        assert breaker.openings == openings + opens
        assert (breaker.state == "open") == (opens or before == "open")
        if opens:
            longest = min(breaker.cooldown * 2**self._openings, breaker.cap)
            assert longest / 2 <= breaker.retry_after() <= longest
            self._openings += 1
            self._runs, self._good, self._good_calls, self.probes = {}, 0, 0, 0
        elif ticket.probe and self._good == breaker.good:
            assert (breaker.state, breaker.reason) == ("closed", None)
            self._good = 0  # the pauses stay long until calls succeed
        else:
            assert breaker.state == before

    @precondition(lambda self: self.breaker.state == "closed")
    @rule(calls=st.integers(0, 3))
    def relapse(self, calls: int) -> None:
        """Open the breaker, close it by probes alone, and let some calls succeed."""
        self.end(self.breaker.admit(), "read_only", slow=False)
        self.clock.now += int(self.breaker.cap)
        while self.breaker.state != "closed":
            probe = self.begin()
            assert isinstance(probe, Ticket), "it refused after its longest pause"
            self.end(probe, "succeed", slow=False)
        for _ in range(calls):
            self.end(self.begin(), "succeed", slow=False)

    def _model(self, ticket: Ticket, how: str) -> bool:
        """Return whether the breaker must open, according to its documentation."""
        if how == "abandon":
            return False
        if how == "read_only":
            return True
        if how == "succeed":
            self._runs = {}
            self._good += ticket.probe
            self._good_calls += not ticket.probe
            if self._good_calls >= self.breaker.batches:
                self._openings = 0
            return False
        self._good_calls = 0
        if how == "slow":
            self._runs = {"slow": self._runs.get("slow", 0)}
        self._runs[how] = self._runs.get(how, 0) + 1
        most = {
            "slow": self.breaker.batches,
            "time_out": self.breaker.timeouts,
            "fail": self.breaker.failures,
        }
        return ticket.probe or self._runs[how] >= most[how]

    @invariant()
    def never_wedges(self) -> None:
        """Check that it would admit a probe later."""
        assert self.probes or admits_later(self.breaker, self.clock), "it would refuse forever"


def admits_later(breaker: Breaker, clock: Clock) -> bool:
    """Return whether a breaker admits a call after its longest pause."""
    later = copy(breaker)
    later.clock = lambda: clock.now + breaker.cap
    try:
        later.admit()
    except CircuitOpen:
        return False
    return True
