"""The machines detect each broken breaker, and each broken caller of a correct one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from hunt.core.breaker import Breaker, Ticket
from hunt.errors import CircuitOpen
from hunt.testing.breaker_machine import BreakerMachine, Clock
from hunt.testing.caller_machine import CallerMachine, Operation

#: A failing example is enough, so shrinking is off; the search ends at the first one.
QUICK = settings(max_examples=4000, phases=[Phase.generate], database=None, derandomize=True)


class TwoProbes(Breaker):
    def admit(self) -> Ticket:
        self._probing = False
        return super().admit()


class KeepsAbandonedProbes(Breaker):
    def abandon(self, ticket: Ticket) -> None:
        pass


class HearsTheDead(Breaker):
    def _settle(self, ticket: Ticket) -> bool:
        return super()._settle(Ticket(self.openings, probe=ticket.probe))


class NeverForgives(Breaker):
    def succeed(self, ticket: Ticket, seconds: float) -> None:
        failures, timeouts = self._failure_run, self._timeout_run
        super().succeed(ticket, seconds)
        self._failure_run, self._timeout_run = failures, timeouts


class Patient(Breaker):
    def read_only(self, ticket: Ticket) -> None:
        self.fail(ticket)


class Impatient(Breaker):
    def retry_after(self) -> float:
        return max(super().retry_after() - 1, 0)


class NeverGrows(Breaker):
    def _open(self, reason: str) -> None:
        self._in_a_row = 0
        super()._open(reason)


class ForgetsAtClose(Breaker):
    def succeed(self, ticket: Ticket, seconds: float) -> None:
        super().succeed(ticket, seconds)
        if self.state == "closed":
            self._in_a_row = 0


class NeverForgets(Breaker):
    def succeed(self, ticket: Ticket, seconds: float) -> None:
        before = self._in_a_row
        super().succeed(ticket, seconds)
        self._in_a_row = max(self._in_a_row, before)


class HurriesToClose(Breaker):
    def hurry(self) -> None:
        if self.state == "open":
            self.state, self.reason = "closed", None


class Deaf(Breaker):
    def hurry(self) -> None:
        pass


class ClosesAtOnce(Breaker):
    def succeed(self, ticket: Ticket, seconds: float) -> None:
        super().succeed(ticket, seconds)
        if ticket.probe and self.state == "half-open":
            self.state = "closed"


@pytest.mark.parametrize(
    "kind",
    [
        TwoProbes,
        KeepsAbandonedProbes,
        HearsTheDead,
        NeverForgives,
        Patient,
        NeverGrows,
        ForgetsAtClose,
        NeverForgets,
        HurriesToClose,
        Deaf,
        ClosesAtOnce,
    ],
)
def test_broken_breaker_is_detected(kind: type[Breaker]) -> None:
    class Machine(BreakerMachine):
        def make(self, clock: Clock) -> Breaker:
            return kind(clock, slow=1, batches=2, failures=2, cooldown=4, cap=16, good=2)

    with pytest.raises((AssertionError, CircuitOpen)):
        run_state_machine_as_test(Machine, settings=QUICK)


def test_breaker_that_admits_a_probe_too_early_is_found() -> None:
    class Machine(BreakerMachine):
        def make(self, clock: Clock) -> Breaker:
            return Impatient(clock, cooldown=4, cap=16)

    # Deterministic, because it fails in only one second of four.
    machine = Machine()
    machine.end(machine.begin(), "read_only", slow=False)
    machine.wait(2)
    machine.begin()
    machine.wait(1)
    with pytest.raises(AssertionError, match="a probe passed before its time"):
        machine.begin()


class Store(Exception):
    """The errors that the store raises."""


async def good(breaker: Breaker, operation: Operation) -> str:
    for attempt in range(2):
        ticket, started = breaker.admit(), breaker.clock()
        try:
            answer = await operation()
        except TimeoutError as exc:
            breaker.time_out(ticket)
            if attempt:
                raise Store from exc
        except ConnectionError:
            breaker.fail(ticket)
        except PermissionError:
            breaker.read_only(ticket)
            raise
        except BaseException:
            breaker.abandon(ticket)
            raise
        else:
            breaker.succeed(ticket, breaker.clock() - started)
            return answer
    return "gave up"


async def forgets_cancellation(breaker: Breaker, operation: Operation) -> None:
    ticket, started = breaker.admit(), breaker.clock()
    try:
        await operation()
    except TimeoutError:
        breaker.time_out(ticket)
        raise
    except OSError:
        breaker.fail(ticket)
        raise
    breaker.succeed(ticket, breaker.clock() - started)


async def mistakes_timeouts(breaker: Breaker, operation: Operation) -> None:
    ticket, started = breaker.admit(), breaker.clock()
    try:
        await operation()
    except Exception:
        breaker.fail(ticket)
        raise
    except BaseException:
        breaker.abandon(ticket)
        raise
    breaker.succeed(ticket, breaker.clock() - started)


async def settles_twice(breaker: Breaker, operation: Operation) -> None:
    ticket, started = breaker.admit(), breaker.clock()
    try:
        await operation()
        breaker.succeed(ticket, breaker.clock() - started)
    except TimeoutError:
        breaker.time_out(ticket)
    except ConnectionError:
        breaker.fail(ticket)
    finally:
        breaker.abandon(ticket)


async def does_not_listen(breaker: Breaker, operation: Operation) -> str:
    try:
        return await good(breaker, operation)
    except CircuitOpen:
        return await operation()


async def swallows(breaker: Breaker, operation: Operation) -> None:
    ticket, started = breaker.admit(), breaker.clock()
    try:
        await operation()
    except TimeoutError:
        breaker.time_out(ticket)
    except ConnectionError:
        breaker.fail(ticket)
    except BaseException:
        breaker.abandon(ticket)
    else:
        breaker.succeed(ticket, breaker.clock() - started)


async def measures_nothing(breaker: Breaker, operation: Operation) -> None:
    ticket = breaker.admit()
    try:
        await operation()
    except TimeoutError:
        breaker.time_out(ticket)
    except ConnectionError:
        breaker.fail(ticket)
    except BaseException:
        breaker.abandon(ticket)
        raise
    else:
        breaker.succeed(ticket, 0)


async def has_a_bug(breaker: Breaker, operation: Operation) -> None:
    await good(breaker, operation)
    raise KeyError


Code = Callable[[Breaker, Operation], Awaitable[object]]


def machine(code: Code) -> type[CallerMachine]:
    class Machine(CallerMachine):
        def call(self, breaker: Breaker, operation: Operation) -> Any:
            return code(breaker, operation)

    return Machine


def test_correct_caller_passes() -> None:
    class Machine(machine(good)):  # type: ignore[misc]
        errors: ClassVar = {**CallerMachine.errors, "read_only": PermissionError}

    run_state_machine_as_test(Machine, settings=settings(max_examples=100))


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (forgets_cancellation, "never settled"),
        (mistakes_timeouts, "was settled as fail"),
        (settles_twice, "settled 2 times"),
        (does_not_listen, "without a ticket"),
        (swallows, "swallowed"),
        (measures_nothing, "was settled with 0"),
    ],
)
def test_incorrect_caller_is_detected(code: Code, wrong: str) -> None:
    with pytest.raises(AssertionError, match=wrong):
        run_state_machine_as_test(machine(code), settings=QUICK)


def test_error_of_caller_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        run_state_machine_as_test(machine(has_a_bug), settings=QUICK)


@pytest.mark.parametrize("module", ["breaker_machine", "caller_machine"])
def test_missing_hypothesis_names_package(module: str) -> None:
    code = f"import sys; sys.modules['hypothesis'] = None; import hunt.testing.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "needs Hypothesis: pip install hypothesis" in done.stderr
