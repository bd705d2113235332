"""The last minutes of a process, a sample a second, for whoever watches."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import trio

from hunt.core import sse
from hunt.core.wire import encode
from hunt.errors import Draining, Overloaded
from hunt.metrics.sampler import Sample

#: SampleBuffer that are kept: a quarter of an hour.
KEPT = 900

#: Seconds between two samples.
INTERVAL = 1.0

#: Operators who watch one process at once, at most; each may ask for all that is kept.
WATCHERS = 16


class SampleBuffer:
    """A ring of samples, as blocks of an event stream, encoded once.

    Who watches asks for what is newer than what it has, so nobody has a queue: a
    watcher that does not read loses what the ring has lost, and holds up nobody.

    Args:
        take: Returns a sample.
        name: Of this process among all that ever ran, 1 to 16 of ``a-z 0-9``.
        kept: SampleBuffer, >= 1.
    """

    def __init__(self, take: Callable[[], Sample], *, name: str, kept: int = KEPT) -> None:
        self.seq = 0  #: of the newest sample
        self.newest: Sample | None = None
        self.watchers = 0
        self.ended = False  #: no sample follows
        self._take = take
        self._name = name
        self._blocks: deque[bytes] = deque(maxlen=kept)
        self._news = trio.Event()  # replaced each time

    async def run(self) -> None:
        """Take a sample now and every second, until cancelled."""
        at = trio.current_time()
        while True:
            self.add(self._take())
            at += INTERVAL
            if at <= trio.current_time():
                # The loop stood still: what was missed is not made up for.
                at = trio.current_time() + INTERVAL
            await trio.sleep_until(at)

    def add(self, sample: Sample) -> None:
        """Keep a sample, and wake who waits for it."""
        self.seq += 1
        self.newest = sample
        self._blocks.append(
            sse.frame(id=f"{self._name}-{self.seq}", event="sample", data=encode(sample))
        )
        self._wake()

    def end(self) -> None:
        """Let everybody have what there is, and then leave."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, trio.Event()
        news.set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count one who watches.

        Raises:
            Draining: There is nothing more to see.
            Overloaded: Too many watch already.
        """
        if self.ended:
            raise Draining(retry_after=1)
        if self.watchers >= WATCHERS:
            raise Overloaded("too many operators watch this process", retry_after=5)
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1

    def known(self, event_id: str | None) -> int:
        """Return the seq of an event id; 0 where it is of another process, or of none."""
        match = re.fullmatch(rf"{self._name}-(\d{{1,18}})", event_id or "", re.ASCII)
        seq = int(match[1]) if match else 0
        return seq if seq <= self.seq else 0

    def after(self, seq: int) -> bytes:
        """Return the blocks of what is kept and newer than `seq`, the oldest first."""
        fresh = min(self.seq - seq, len(self._blocks))
        return b"".join(islice(self._blocks, len(self._blocks) - fresh, None))

    async def wait_newer(self, seq: int) -> None:
        """Return once there is a sample newer than `seq`, or there will be none."""
        while self.seq <= seq and not self.ended:
            await self._news.wait()
