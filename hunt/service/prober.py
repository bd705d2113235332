"""Probes the database while the circuit breaker is open, until the breaker closes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import trio

from hunt.core.breaker import Breaker, State
from hunt.errors import CircuitOpen, StoreError, StoreReadOnly, StoreTimeout

#: Seconds that a probe may take.  The store gives up earlier by itself, and then says why.
DEADLINE = 4.0


class BreakerProber:
    """The only sender of probes of a breaker.

    Args:
        breaker: To be probed while it is not closed.
        probe: Does what a commit does, and changes nothing; returns the seconds that
            the commit took, or raises a `StoreError`.
        changed: Told each new state, in order; must not block.
    """

    def __init__(
        self,
        breaker: Breaker,
        probe: Callable[[], Awaitable[float]],
        *,
        changed: Callable[[State], None],
    ) -> None:
        self._breaker = breaker
        self._probe = probe
        self._changed = changed
        self._known: State = breaker.state
        self._openings = breaker.openings
        self._forced = breaker.forced
        self._moved = trio.Event()
        self.faults = Counter(read_only=0, timeout=0, unavailable=0)  #: probes that failed, by kind

    def observe(self) -> None:
        """See whether the breaker moved; to be called after each call that it admitted.

        And after whatever else may have moved it, which is to force it.
        """
        state, openings = self._breaker.state, self._breaker.openings
        if (state, openings) != (self._known, self._openings):
            self._known, self._openings = state, openings
            self._changed(state)
            self._moved.set()
        if self._breaker.forced != self._forced:
            self._forced = self._breaker.forced
            self._moved.set()

    def probe_soon(self) -> None:
        """Probe now, if the breaker is open: the database was reached again."""
        self._breaker.hurry()
        self._moved.set()

    async def run(self) -> None:
        """Probe whenever the breaker is not closed, until cancelled."""
        while True:
            self._moved = trio.Event()
            at = self._breaker.probe_at()
            if at is None or at > trio.current_time():
                with trio.move_on_at(float("inf") if at is None else at):
                    await self._moved.wait()
            else:
                await self._probe_once()

    async def confirm(self) -> None:
        """Probe a closed breaker until a probe is good, or has opened it.

        A probe counts like a commit: those that fail are as many as failed commits
        would have to be.
        """
        while self._breaker.state == "closed" and self._breaker.forced is None:
            if await self._probe_once():
                return

    async def _probe_once(self) -> bool:
        """Send one probe; return whether the database answered it quickly enough."""
        try:
            ticket = self._breaker.admit()
        except CircuitOpen:  # it opened again meanwhile
            return False
        self.observe()
        good = False
        try:
            with trio.fail_after(DEADLINE):
                seconds = await self._probe()
        except StoreReadOnly:
            self.faults["read_only"] += 1
            self._breaker.read_only(ticket)
        except (trio.TooSlowError, StoreTimeout):
            self.faults["timeout"] += 1
            self._breaker.time_out(ticket)
        except StoreError:
            self.faults["unavailable"] += 1
            self._breaker.fail(ticket)
        except BaseException:  # cancelled, or a bug: the next probe may pass
            self._breaker.abandon(ticket)
            raise
        else:
            good = seconds <= self._breaker.slow
            self._breaker.succeed(ticket, seconds)
        self.observe()
        return good
