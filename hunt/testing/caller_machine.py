"""A Hypothesis state machine that tests code which uses a breaker.

`CallerMachine` checks that the code keeps the breaker's contract for any behaviour of its
store.  The guide is ``docs/how-to/property-test-the-breaker.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from types import coroutine
from typing import Any, ClassVar, NamedTuple, cast

try:
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
except ImportError as exc:
    raise ImportError(
        "hunt.testing.caller_machine needs Hypothesis: pip install hypothesis"
    ) from exc

from hunt.core.breaker import Breaker, Ticket
from hunt.errors import CircuitOpen
from hunt.testing.breaker_machine import SETTLINGS, Clock, Settling, admits_later, pauses

#: The operation that your code calls: a store that answers as Hypothesis chooses.
Operation = Callable[[], Coroutine[Any, Any, str]]


class Cancelled(BaseException):
    """Stands for a cancellation by any async library."""


class CallerMachine(RuleBasedStateMachine):
    """Checks that your code keeps the breaker's contract for any behaviour of its store.

    Override `call`, and `errors` with the errors of your store.  Calls overlap, and end in
    any order and in any way.  The machine asserts:

    - The store is only called with a ticket, so never while the breaker refuses.
    - Each ticket is settled once, as soon as its call ends, by the method that fits that end;
      a success with its duration.
    - Cancellations, and other errors that are not an `Exception`, are not swallowed.  Every
      raised error comes from the store or the breaker.
    - The breaker eventually admits a probe.

    Your code runs outside of any event loop and may only await the operation.  Code that
    waits, such as a deadline, must be part of the operation.
    """

    #: Required settling of a ticket -> the error of the store that requires it.
    errors: ClassVar[Mapping[Settling, Callable[[], BaseException]]] = {
        "time_out": TimeoutError,
        "fail": ConnectionError,
        "abandon": Cancelled,
    }

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = self.make(self.clock)
        self._watched = _Watched(self.breaker)
        self._waiting: list[_Call] = []  # calls that wait for the store

    def make(self, clock: Clock) -> Breaker:
        """Return the breaker for your code; small thresholds find more."""
        return Breaker(clock, slow=2, batches=2, timeouts=2, failures=2, cooldown=4, cap=8, good=2)

    def call(self, breaker: Breaker, operation: Operation) -> Coroutine[Any, Any, object]:
        """Return a coroutine of your code that awaits `operation` if `breaker` admits it.

        It may retry, with a new ticket.
        """
        raise NotImplementedError("override call with your code")

    @rule(seconds=pauses())
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule()
    def start(self) -> None:
        """Start a call, and run it until it waits for the store or is refused."""
        call = _Call()
        self._watched.caller = call
        call.coroutine = self.call(cast("Breaker", self._watched), call.operate)
        self._run(call, None)

    @precondition(lambda self: self._waiting)
    @rule(number=st.integers(0, 99), data=st.data())
    def answer(self, number: int, data: st.DataObject) -> None:
        """Let the store answer one of the waiting calls."""
        call = self._waiting.pop(number % len(self._waiting))
        endings: list[Settling] = ["succeed", *self.errors]
        how = data.draw(st.sampled_from(endings), label="the store's answer")
        ticket, took = call.ticket, self.clock.now - call.since
        self._run(call, None if how == "succeed" else self.errors[how]())
        settled = [each for each in call.settled if each.ticket is ticket]
        assert len(settled) == 1, f"a ticket was settled {len(settled)} times"
        assert settled[0].how == how, f"{how} was settled as {settled[0].how}"
        if how == "succeed":
            assert settled[0].seconds == took, (
                f"a call of {took} s was settled with {settled[0].seconds}"
            )

    def _run(self, call: _Call, error: BaseException | None) -> None:
        """Run a call until it waits for the store, or ends."""
        self._watched.caller = call
        call.since, ended = self.clock.now, True
        try:
            if error is None:
                call.coroutine.send(None)
            else:
                call.coroutine.throw(error)
            ended = False
        except StopIteration:
            assert error is None or isinstance(error, Exception), "a cancellation was swallowed"
        except BaseException as raised:
            # An error of the store or the breaker, or a bug of the code under test.
            if not any(each is error or isinstance(each, CircuitOpen) for each in _causes(raised)):
                raise
        assert not call.wrong, call.wrong
        if not ended:
            self._waiting.append(call)
        elif call.unsettled():
            raise AssertionError("a ticket was never settled")

    @invariant()
    def never_wedges(self) -> None:
        """Check that the breaker would admit a probe later."""
        probing = any(each.ticket is not None and each.ticket.probe for each in self._waiting)
        assert probing or admits_later(self.breaker, self.clock), "it would refuse forever"

    def teardown(self) -> None:
        """Close the waiting calls."""
        for call in self._waiting:
            call.coroutine.close()


class _Settled(NamedTuple):
    """The settling of one ticket."""

    ticket: Ticket
    how: Settling
    seconds: float | None = None


class _Call:
    """One run of the code under test."""

    coroutine: Coroutine[Any, Any, object]

    def __init__(self) -> None:
        self.admitted: list[Ticket] = []
        self.settled: list[_Settled] = []
        self.ticket: Ticket | None = None  # ticket of the operation in flight
        self.since = 0  # time of its last step
        self.wrong: str | None = None  # raised later, because the tested code could swallow it

    def unsettled(self) -> list[Ticket]:
        # By identity: tickets of one opening are equal.
        settled = {id(each.ticket) for each in self.settled}
        return [each for each in self.admitted if id(each) not in settled]

    async def operate(self) -> str:
        free = self.unsettled()
        if free:
            self.ticket = free[-1]
        else:
            self.wrong = "the store was called without a ticket"
        await _suspend()
        self.ticket = None
        return "an answer"


@coroutine
def _suspend() -> Generator[None, None, None]:
    yield


class _Watched:
    """A wrapper of the breaker that records the tickets of each call."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self.caller: _Call | None = None

    def __getattr__(self, name: str) -> object:
        found = getattr(self._breaker, name)
        return self._settle(name, found) if name in SETTLINGS else found

    def admit(self) -> Ticket:
        ticket = self._breaker.admit()
        if self.caller is not None:
            self.caller.admitted.append(ticket)
        return ticket

    def _settle(self, how: Settling, settle: Callable[..., None]) -> Callable[..., None]:
        def settled(ticket: Ticket, *seconds: float) -> None:
            if self.caller is not None:
                self.caller.settled.append(_Settled(ticket, how, *seconds))
            settle(ticket, *seconds)

        return settled


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and the chain of its causes."""
    found = [error]
    while (cause := found[-1].__cause__) is not None:
        found.append(cause)
    return found
