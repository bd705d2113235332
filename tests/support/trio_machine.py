"""Hypothesis state machines for Trio code, on a mock clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import trio
from hypothesis.stateful import RuleBasedStateMachine
from trio.testing import MockClock, wait_all_tasks_blocked

T = TypeVar("T")


class TrioMachine(RuleBasedStateMachine):
    """Rules run in the test's thread; their steps run in a Trio loop in another thread.

    After each step all tasks of the loop are blocked, so the next rule sees all effects.
    Only `sleep` advances the clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = MockClock()
        started: SimpleQueue[trio.lowlevel.TrioToken | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._loop, args=(started,))
        self._thread.start()
        token = started.get()
        if token is None:
            self._thread.join()
            assert self._failure is not None
            raise self._failure
        self._token = token

    def _loop(self, started: SimpleQueue[trio.lowlevel.TrioToken | None]) -> None:
        async def main() -> None:
            self._stop = trio.Event()
            async with trio.open_nursery() as nursery:
                self.nursery = nursery
                await self.begin()
                await wait_all_tasks_blocked()
                started.put(trio.lowlevel.current_trio_token())
                await self._stop.wait()
                nursery.cancel_scope.cancel()

        try:
            trio.run(main, clock=self.clock)
        except BaseException as exc:  # raised again in the test's thread
            self._failure = exc
            started.put(None)

    async def begin(self) -> None:
        """Create the subject of the test; start its tasks in `nursery`."""

    async def end(self) -> None:
        """Check the subject at the end."""

    def do(self, function: Callable[..., T | Awaitable[T]], *args: Any, **options: Any) -> T:
        """Call `function` in the loop, and return once all tasks are blocked."""

        async def step() -> T:
            result: Any = function(*args, **options)
            if isinstance(result, Awaitable):
                result = await result
            await wait_all_tasks_blocked()
            return result  # type: ignore[no-any-return]

        try:
            return trio.from_thread.run(step, trio_token=self._token)
        except trio.RunFinishedError:
            self._thread.join()
            raise self._failure or AssertionError("the loop has ended") from None

    def sleep(self, seconds: float) -> None:
        """Advance the clock, and stop at each deadline on the way."""

        async def sleep() -> None:
            end = trio.current_time() + seconds
            while (left := end - trio.current_time()) > 0:
                # Tasks may set new deadlines, so the clock stops at each one.
                self.clock.jump(min(max(_next_deadline(), 0.0), left))
                await wait_all_tasks_blocked()

        self.do(sleep)

    def teardown(self) -> None:
        """Call `end`, and stop the loop."""
        if self._failure is None:
            try:
                self.do(self.end)
            finally:
                if self._thread.is_alive():
                    trio.from_thread.run_sync(partial(self._stop.set), trio_token=self._token)
        self._thread.join()
        if self._failure is not None:
            raise self._failure


def _next_deadline() -> float:
    """Return the seconds until the next deadline of any task."""
    return float(trio.lowlevel.current_statistics().seconds_to_next_deadline)
