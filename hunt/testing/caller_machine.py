"""Code that uses a breaker, as a state machine for Hypothesis.

Give `CallerMachine` your code, and it holds it to the breaker's contract, whatever
your store does; the guide is ``docs/how-to/property-test-the-breaker.md``.
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

#: What your code calls: a store that answers as Hypothesis chooses.
Operation = Callable[[], Coroutine[Any, Any, str]]


class Cancelled(BaseException):
    """Stands for the cancellation of whichever library your code runs on."""


class CallerMachine(RuleBasedStateMachine):
    """Your code keeps the breaker's contract, whatever its store does.

    Override `call`, and `errors` with what your store raises.  Calls overlap, and end
    in any order and in any way; the machine asserts that

    - the store is called with a ticket only, so never while the breaker refuses;
    - each ticket is settled once, as soon as its call has ended, in the way in which
      it ended, a success with the seconds that it took;
    - what is no `Exception`, as a cancellation, is not swallowed, and nothing is
      raised that does not come from the store or the breaker;
    - the breaker lets a probe through in the end.

    Your code runs outside of any event loop and may await the operation only: what
    waits, such as a deadline, belongs into the operation.
    """

    #: What your store raises, by how its ticket is to be settled then.
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
        self._waiting: list[_Call] = []  # for the store

    def make(self, clock: Clock) -> Breaker:
        """Return a breaker as your code wants it; its thresholds are best small."""
        return Breaker(clock, slow=2, batches=2, timeouts=2, failures=2, cooldown=4, cap=8, good=2)

    def call(self, breaker: Breaker, operation: Operation) -> Coroutine[Any, Any, object]:
        """Return your code's coroutine, which awaits `operation` if `breaker` lets it.

        It may do so again, with a new ticket.
        """
        raise NotImplementedError("override call with your code")

    @rule(seconds=pauses())
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule()
    def start(self) -> None:
        """Start a call, and run it until it waits for the store, or is refused."""
        call = _Call()
        self._watched.caller = call
        call.coroutine = self.call(cast("Breaker", self._watched), call.operate)
        self._run(call, None)

    @precondition(lambda self: self._waiting)
    @rule(number=st.integers(0, 99), data=st.data())
    def answer(self, number: int, data: st.DataObject) -> None:
        """Let the store answer one of the calls that wait for it."""
        call = self._waiting.pop(number % len(self._waiting))
        endings: list[Settling] = ["succeed", *self.errors]
        how = data.draw(st.sampled_from(endings), label="the store's answer")
        ticket, took = call.ticket, self.clock.now - call.since
        self._run(call, None if how == "succeed" else self.errors[how]())
        settled = [each for each in call.settled if each.ticket is ticket]
        assert len(settled) == 1, f"a ticket was settled {len(settled)} times"
        assert settled[0].how == how, f"{how} was settled as {settled[0].how}"
        if how == "succeed":
            assert settled[0].seconds == took, f"{took} s were told as {settled[0].seconds}"

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
            # Of the code under test: the store's or the breaker's word, or a bug.
            if not any(each is error or isinstance(each, CircuitOpen) for each in _causes(raised)):
                raise
        assert not call.wrong, call.wrong
        if not ended:
            self._waiting.append(call)
        elif call.unsettled():
            raise AssertionError("a ticket was never settled")

    @invariant()
    def never_wedges(self) -> None:
        """Look whether it would let a probe through, later."""
        probing = any(each.ticket is not None and each.ticket.probe for each in self._waiting)
        assert probing or admits_later(self.breaker, self.clock), "it refuses for ever"

    def teardown(self) -> None:
        """End what still waits."""
        for call in self._waiting:
            call.coroutine.close()


class _Settled(NamedTuple):
    """How a ticket was settled."""

    ticket: Ticket
    how: Settling
    seconds: float | None = None


class _Call:
    """One run of the code under test."""

    coroutine: Coroutine[Any, Any, object]

    def __init__(self) -> None:
        self.admitted: list[Ticket] = []
        self.settled: list[_Settled] = []
        self.ticket: Ticket | None = None  # of the operation under way
        self.since = 0  # when it ran last
        self.wrong: str | None = None  # told later, as the code might swallow it here

    def unsettled(self) -> list[Ticket]:
        # By identity: two tickets of one opening are equal.
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
    """Notes what each call does with the breaker; to the code it is the breaker."""

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
    """Return an error, and what it was raised from."""
    found = [error]
    while (cause := found[-1].__cause__) is not None:
        found.append(cause)
    return found
