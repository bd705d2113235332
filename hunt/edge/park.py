"""The park: connections that wait for a request, a commit or an event without a task.

A parked connection is a file descriptor and an object of a few hundred bytes.  One
epoll watches all of them, and one Trio task reads, decides and answers what is ready.
A connection gets a task of its own only for output that does not fit into its socket,
for a replay of missed events, and for requests outside the fast lane.
"""

from __future__ import annotations

import os
import select
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from operator import methodcaller
from typing import Protocol, TypeVar, TypeVarTuple

import trio
from hypercorn.config import Config

from hunt.edge.admission import Holder, Slot
from hunt.edge.answers import Answers
from hunt.edge.head import HeadCache
from hunt.edge.heartbeats import Heartbeats, Streaming
from hunt.logs import FaultLog
from hunt.play.play import Play
from hunt.play.resources import Resources
from hunt.service.eviction import evict

#: Number of connections visited between two checkpoints.
SLICE = 256

#: Number of connections read between two checkpoints, after which a lane can notice the end of its
#: commit and send the next batch.
READS = 64

#: Seconds of reading after which the checkpoint comes, too.  A player's first request takes
#: hundreds of microseconds, the next ones about ten.
READ_TIME = 0.001

#: Number of connections read between two reads of the clock.
POLL = 8

#: Seconds without a request after which a connection is closed; longer than the
#: keep-alive of load balancers, so that they close first.
IDLE_TIMEOUT = 75.0

#: Seconds for the head or the body of a request to arrive.
HEAD_TIMEOUT = 10.0

#: Seconds between two timeout checks of one connection.
CHECK_INTERVAL = 2.0

#: Number of parts of `CHECK_INTERVAL` over which the checks are spread, so that connections
#: that were opened together are not all closed at once.
CHECK_PARTS = 8

log = FaultLog("hunt.edge")

T = TypeVar("T", bound="Parked")
Ts = TypeVarTuple("Ts")


class Parked(Protocol):
    """A connection in the park.  None of its methods may block."""

    fd: int
    slot: Slot

    def readable(self) -> None:
        """Read input; an exception ends this connection only."""

    def end(self) -> None:
        """Close the connection and forget its state."""


class ParkedStreaming(Parked, Streaming, Protocol):
    """A stream in the park."""


class Timed(Parked, Holder, Protocol):
    """A parked connection between two requests, which has a timeout."""

    def check_timeout(self, now: float) -> None:
        """End the connection if it has timed out; called every `CHECK_INTERVAL` seconds."""

    def close_if_idle(self) -> None:
        """Handle buffered input, else close the connection."""


class Park:
    """All connections of a process that own no task.

    Args:
        play: Decides requests.
        heartbeat: Seconds of silence on a stream after which a heartbeat is sent.
        config: The configuration of Hypercorn, for the headers of every response.
        hand_over: Called with the descriptor, the bytes read so far and the slot of a
            connection whose request is for Hypercorn.
        resources: The resources that are served without Hypercorn; None: there are none.
        origins: Origins, besides the server's own, whose pages may read answers.
    """

    def __init__(
        self,
        play: Play,
        *,
        heartbeat: float,
        config: Config,
        hand_over: Callable[[int, bytes, Slot], None],
        resources: Resources | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self.play = play
        self.heads = HeadCache("http", resources)
        self.secure_heads = HeadCache("https", resources)
        self.answers = Answers(config, origins)
        self.open = True  #: takes new connections
        self.announces_close = False  #: each response is the last on its connection
        self.now = trio.current_time()  #: of the current batch of reads, in Trio's seconds
        self.faults = Counter(contained=0)  #: exceptions that ended one connection
        self.heartbeats = Heartbeats[ParkedStreaming](heartbeat, self.fail)
        self._hand_over = hand_over
        self._epoll = select.epoll()
        self._parked: dict[int, Parked] = {}
        self._timed: dict[int, Timed] = {}  # the part of `_parked` with a timeout
        self._nursery: trio.Nursery | None = None
        self._empty = trio.Event()  # `_timed` is empty; replaced by each waiter

    def add(self, parked: Timed) -> None:
        """Watch a connection that waits for a request.

        If the system watches no more descriptors (``fs.epoll.max_user_watches``), the connection
        is closed.
        """
        self._parked[parked.fd] = self._timed[parked.fd] = parked
        parked.slot.holder = parked
        with self.contained(parked):
            self._epoll.register(parked.fd, select.EPOLLIN)

    def replace(self, parked: Timed) -> None:
        """Let `parked` serve the connection of its descriptor from now on."""
        parked.slot = self._parked[parked.fd].slot
        parked.slot.holder = parked
        self._parked[parked.fd] = self._timed[parked.fd] = parked

    def replace_untimed(self, parked: ParkedStreaming) -> None:
        """Let `parked` serve its connection, with heartbeats, without a timeout or eviction."""
        parked.slot = self._parked[parked.fd].slot
        parked.slot.pin()
        self._parked[parked.fd] = parked
        self.heartbeats.add(parked)
        del self._timed[parked.fd]
        self._notice_empty()

    def watch(self, fd: int, *, reading: bool) -> None:
        """Resume reading a connection, or pause it if `reading` is false."""
        if reading:
            self._epoll.register(fd, select.EPOLLIN)
        else:
            self._epoll.unregister(fd)

    def forget(self, fd: int, *, watched: bool) -> Slot:
        """Remove a connection, which stays open; return its slot."""
        slot = self._parked.pop(fd).slot
        slot.holder = None
        self._timed.pop(fd, None)
        self._notice_empty()
        if watched:
            self._epoll.unregister(fd)
        return slot

    def _notice_empty(self) -> None:
        if self.announces_close and not self._timed:
            self._empty.set()

    def close(self, fd: int) -> None:
        """Close a connection; a task that waits for it gets `trio.ClosedResourceError`."""
        self.forget(fd, watched=False).release()  # the close ends the watch
        trio.lowlevel.notify_closing(fd)
        os.close(fd)

    def hand_over(self, fd: int, received: bytes, *, watched: bool) -> None:
        """Hand a connection over to Hypercorn, with the bytes read so far."""
        slot = self.forget(fd, watched=watched)
        self._hand_over(fd, received, slot)

    def start_task(self, function: Callable[[*Ts], Awaitable[None]], *args: *Ts) -> None:
        """Run ``function(*args)`` in a task of the park."""
        assert self._nursery is not None, "connections come while the park is open only"
        self._nursery.start_soon(function, *args)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve the parked connections until cancelled, then close all of them."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._check_timeouts)
                nursery.start_soon(self.heartbeats.run)
                heads = self.heads, self.secure_heads
                caches = [cache for each in heads for cache in (each.cache, each.reads)]
                nursery.start_soon(evict, [each.rotate for each in caches])
                task_status.started()
                while True:
                    await trio.lowlevel.wait_readable(self._epoll.fileno())
                    self._read()
        finally:
            self.open = False
            for parked in list(self._parked.values()):
                parked.end()
            self._epoll.close()

    def _read(self) -> None:
        """Serve connections that have input: at most `READS`, and for about `READ_TIME`."""
        get, poll, left = self._parked.get, self._epoll.poll, READS
        self.now = trio.current_time()
        end = self.now + READ_TIME
        while left > 0 and self.now < end and (ready := poll(0, POLL)):
            left -= len(ready)
            for fd, _ in ready:
                parked = get(fd)
                if parked is None:
                    continue
                try:
                    parked.readable()
                except Exception as exc:
                    self.fail(parked, exc)
            self.now = trio.current_time()

    async def _check_timeouts(self) -> None:
        """End connections that have timed out."""
        while True:
            timed = list(self._timed.values())
            size = -(-len(timed) // CHECK_PARTS) or 1
            for part in range(CHECK_PARTS):
                await trio.sleep(CHECK_INTERVAL / CHECK_PARTS)
                now = trio.current_time()
                for number, each in enumerate(timed[part * size : (part + 1) * size]):
                    if self._timed.get(each.fd) is each:  # it may have ended meanwhile
                        self._visit(each, methodcaller("check_timeout", now))
                    if number % SLICE == SLICE - 1:
                        await trio.lowlevel.checkpoint()

    def _visit(self, parked: T, visit: Callable[[T], None]) -> None:
        try:
            visit(parked)
        except Exception as exc:
            self.fail(parked, exc)

    @contextmanager
    def contained(self, parked: Parked) -> Iterator[None]:
        """End only `parked` if the block raises (H1)."""
        try:
            yield
        except Exception as exc:
            self.fail(parked, exc)

    def fail(self, parked: Parked, error: Exception) -> None:
        """End a connection after an error.

        Callers catch every `Exception` on purpose, because hostile bytes may cause any of them.
        """
        self.faults["contained"] += 1
        log.warning("connection failed", error=type(error).__name__, exc_info=error)
        parked.end()

    def announce_close(self, announces: bool) -> None:
        """Send ``Connection: close`` with each response from now on, or stop doing so.

        The client then connects again, perhaps to another process.  Without the
        announcement a close could lose a request that is on its way.
        """
        self.announces_close = announces
        self.answers.close(last=announces)

    async def wait_clients_closed(self) -> None:
        """Return once no connection is left on which a request could arrive."""
        while self._timed:
            self._empty = trio.Event()
            await self._empty.wait()

    async def close_idle(self) -> None:
        """Handle buffered input of every connection between two requests, else close it."""
        for number, each in enumerate(list(self._timed.values())):
            if self._timed.get(each.fd) is each:
                self._visit(each, methodcaller("close_if_idle"))
            if number % SLICE == SLICE - 1:
                await trio.lowlevel.checkpoint()
