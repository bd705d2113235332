"""Readiness of one process: whether it can take clicks, and why it cannot."""

from __future__ import annotations

import os

import trio

from hunt.core.breaker import Breaker
from hunt.core.readiness import NodeState, WorkerState
from hunt.core.token_verifier import TokenVerifier
from hunt.service.tail import Tail


class Readiness:
    """Derives the readiness of a process from its breaker, its tail and its keys.

    Args:
        breaker: The breaker of commits.
        tail: The tail, which notices a database that does not answer.
        tokens: The verifier of tokens, which may still wait for public keys.
    """

    def __init__(self, *, breaker: Breaker, tail: Tail, tokens: TokenVerifier) -> None:
        self._breaker = breaker
        self._tail = tail
        self._tokens = tokens
        self._changed = trio.Event()  # replaced after each change
        self.draining = False  #: whether the process refuses new work

    def reasons(self) -> list[str]:
        """Return why this process cannot take clicks; an empty list if it can."""
        reasons = []
        if self.draining:
            reasons.append("draining")
        if self._tokens.waiting:
            reasons.append("the public keys of tokens are not known yet")
        if self._breaker.state != "closed":
            reasons.append(f"the breaker is {self._breaker.state}: {self._breaker.reason}")
        if self._tail.is_deaf():
            reasons.append(f"no answer from the database for {self._tail.silence():.0f} s")
        return reasons

    def node(self) -> NodeState:
        """Return the readiness of a node whose only worker is this process."""
        reasons = self.reasons()
        worker = WorkerState(process=os.getpid(), able=not reasons, reasons=reasons)
        return NodeState(ready=not reasons, reasons=reasons, workers=[worker])

    def begin_drain(self) -> None:
        """Report "draining" from now on."""
        self.draining = True
        self.announce()

    def announce(self) -> None:
        """Wake each task in `wait_changed`."""
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    async def wait_changed(self) -> None:
        """Return after the next change of the breaker, or when a drain begins."""
        await self._changed.wait()
