"""A ring buffer of samples, one a second, for the operators who watch a process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import trio

from hunt.core import sse
from hunt.core.wire import encode
from hunt.errors import Draining, Overloaded
from hunt.metrics.sampler import Sample

#: Number of samples that are kept: a quarter of an hour.
KEPT = 900

#: Seconds between two samples.
INTERVAL = 1.0

#: Maximum number of operators that watch one process at once; each may request all samples.
WATCHERS = 16


class SampleBuffer:
    """Keeps the newest samples as JSON, encoded once.

    A watcher asks for samples newer than its last one, so it needs no queue.  A slow
    watcher misses the samples that were dropped meanwhile, and delays no other.

    Args:
        take: Returns a sample.
        name: Unique name of this process among all past ones, as the epoch of event ids:
            1 to 16 of ``a-z 0-9``.
        kept: Maximum number of samples, >= 1.
    """

    def __init__(self, take: Callable[[], Sample], *, name: str, kept: int = KEPT) -> None:
        self.seq = 0  #: number of the newest sample
        self.newest: Sample | None = None
        self.watchers = 0  #: operators that watch now
        self.ended = False  #: whether no sample will follow
        self._take = take
        self._name = name
        self._kept: deque[bytes] = deque(maxlen=kept)
        self._added = trio.Event()  # replaced after each sample

    async def run(self) -> None:
        """Take a sample now and every second, until cancelled."""
        at = trio.current_time()
        while True:
            self.add(self._take())
            at += INTERVAL
            if at <= trio.current_time():
                # The event loop was blocked: missed samples are not taken later.
                at = trio.current_time() + INTERVAL
            await trio.sleep_until(at)

    def add(self, sample: Sample) -> None:
        """Keep a sample, and wake all watchers."""
        self.seq += 1
        self.newest = sample
        self._kept.append(encode(sample))
        self._wake()

    def end(self) -> None:
        """Add no more samples; watchers end."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        added, self._added = self._added, trio.Event()
        added.set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count a watcher while the block runs.

        Raises:
            Draining: No more samples will follow.
            Overloaded: `WATCHERS` operators watch already.
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
        """Return the number in an event id; 0 for None and for ids of other processes."""
        try:
            seq = sse.parse_event_id(event_id or "", self._name)
        except ValueError:
            return 0
        return seq if seq <= self.seq else 0

    def event_id(self) -> str:
        """Return the event id of the newest sample."""
        return sse.event_id(self._name, self.seq)

    def last(self, count: int) -> bytes:
        """Return the newest samples, at most `count`, as a JSON array, oldest first."""
        begin = max(len(self._kept) - count, 0)
        return b"[%b]" % b",".join(islice(self._kept, begin, None))

    async def wait_newer(self, seq: int) -> None:
        """Return once there is a sample newer than `seq`, or no sample will follow."""
        while self.seq <= seq and not self.ended:
            await self._added.wait()
