"""Probes the database while the circuit breaker is open, until the breaker closes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import trio

from hunt.core.breaker import Breaker, State
from hunt.core.hunts import Hunt
from hunt.errors import CircuitOpen, HuntFailed, StoreError, StoreReadOnly, StoreTimeout
from hunt.service.quarantine import Quarantine

#: Seconds that a probe may take.  The store gives up earlier by itself, with a reason.
DEADLINE = 4.0


class BreakerProber:
    """The only sender of probes for a breaker.

    Args:
        breaker: Probed while it is not closed.
        probe: Commits a click to the given hunt (None: to any open one) that leaves no row
            behind.  Returns the duration of the commit in seconds; raises a `StoreError`.
        quarantine: The hunts that fail alone, so they are not probed.
        hunts: All known hunts, by id.
        changed: Called with each new state, in order; must not block.
    """

    def __init__(
        self,
        breaker: Breaker,
        probe: Callable[[str | None], Awaitable[float]],
        *,
        quarantine: Quarantine,
        hunts: Mapping[str, Hunt],
        changed: Callable[[State], None],
    ) -> None:
        self._breaker = breaker
        self._probe = probe
        self._quarantine = quarantine
        self._hunts = hunts
        self._changed = changed
        self._state: State = breaker.state
        self._openings = breaker.openings
        self._forced = breaker.forced
        self._wake = trio.Event()
        self.last_hunt: str | None = None  #: the hunt of the last commit
        self.faults = Counter(read_only=0, timeout=0, unavailable=0)  #: failed probes, by kind

    def observe(self, hunt: str | None = None) -> None:
        """Report a change of the breaker.

        Call this after each call that the breaker admitted, and after it was forced.

        Args:
            hunt: The hunt of the commit; None if the call was not a commit.
        """
        if hunt is not None:
            self.last_hunt = hunt
        state, openings = self._breaker.state, self._breaker.openings
        if (state, openings) != (self._state, self._openings):
            self._state, self._openings = state, openings
            self._changed(state)
            self._wake.set()
        if self._breaker.forced != self._forced:
            self._forced = self._breaker.forced
            self._wake.set()

    def probe_soon(self) -> None:
        """Probe now if the breaker is open: the database was reached again."""
        self._breaker.hurry()
        self._wake.set()

    async def run(self) -> None:
        """Probe whenever the breaker is not closed, until cancelled."""
        while True:
            self._wake = trio.Event()
            at = self._breaker.probe_at()
            if at is None or at > trio.current_time():
                with trio.move_on_at(float("inf") if at is None else at):
                    await self._wake.wait()
            else:
                await self._probe_once()

    async def confirm(self) -> None:
        """Probe a closed breaker until one probe succeeds, or the breaker opens.

        A failed probe counts like a failed commit.
        """
        while self._breaker.state == "closed" and self._breaker.forced is None:
            if await self._probe_once():
                return

    async def _probe_once(self) -> bool:
        """Send one probe; return whether the database answered quickly enough."""
        try:
            ticket = self._breaker.admit()
        except CircuitOpen:  # it opened again meanwhile
            return False
        self.observe()
        fast = False
        try:
            with trio.fail_after(DEADLINE):
                seconds = await self._probe_hunt()
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
            fast = seconds <= self._breaker.slow
            self._breaker.succeed(ticket, seconds)
        self.observe()
        return fast

    async def _probe_hunt(self) -> float:
        """Probe the hunt of the last commit; another one if it is in quarantine."""
        hunt, failing = self.last_hunt, self._quarantine.hunts
        if hunt in failing:
            still_open = (each.id for each in self._hunts.values() if each.state == "open")
            hunt = next((each for each in still_open if each not in failing), None)
        try:
            return await self._probe(hunt)
        except HuntFailed:
            if hunt is not None:
                self._quarantine.failed(hunt)
            raise
