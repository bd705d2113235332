"""Where connections wait that need no task: for a request, for a commit, for an event.

A parked connection is a file descriptor and an object of a few hundred bytes. One
epoll holds them all, and one Trio task watches that epoll; what is ready is read,
decided and answered in that task's turn. Only what does not fit into a socket, has
to read history, or is not hot gets a task of its own.
"""

from __future__ import annotations

import os
import select
from collections import Counter
from collections.abc import Awaitable, Callable
from operator import methodcaller
from typing import TypeVar, TypeVarTuple

import trio
from hypercorn.config import Config

from hunt.edge.admission import Slot
from hunt.edge.answers import Answers
from hunt.edge.parked import Parked, Timed, failed
from hunt.edge.request import Heads
from hunt.engine import Engine

#: Connections that are looked after in one turn of the loop.
SLICE = 256

#: Connections that are read in one turn of the loop: some hundred microseconds, after
#: which a lane may find that its commit is done, and send the next.
READS = 64

#: Seconds that one write may take to get any further.
SEND_TIMEOUT = 10.0

#: Seconds without a request after which a connection is closed; longer than load
#: balancers keep theirs, so that they close first.
IDLE_TIMEOUT = 75.0

#: Seconds for a head, or a body, to arrive.
HEAD_TIMEOUT = 10.0

#: Turns within one heartbeat: a stream is silent for 7/8 of it at least, and for
#: all of it at most.
TURNS = 8

#: Seconds between two looks at how long a connection has waited for a request.
LOOK_INTERVAL = 2.0

#: Parts of that time, over which the looks are spread: what came together must not
#: be ended together.
LOOK_PARTS = 8

T = TypeVar("T", bound="Parked")
Ts = TypeVarTuple("Ts")


class Park:
    """All connections of a process that own no task.

    Args:
        engine: Who decides.
        hand_over: Gets the descriptor, the bytes read so far and the slot of a connection
            whose request is not hot.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        hand_over: Callable[[int, bytes, Slot], None],
    ) -> None:
        self.engine = engine
        self.heads = Heads()
        self.secure_heads = Heads("https")
        engine.turns += [self.heads.known.turn, self.secure_heads.known.turn]
        self.answers = Answers(Config())
        self.open = True  #: takes new connections
        self.leaving = False  #: each answer is the last on its connection
        self.now = trio.current_time()  #: of this turn of the loop, or one shortly before
        self.turn = 0  #: of the heartbeats
        self.faults = Counter(contained=0)  #: exceptions that ended their connection only
        self.access = engine.access
        self._hand_over = hand_over
        self._epoll = select.epoll()
        self._parked: dict[int, Parked] = {}
        self._timed: dict[int, Timed] = {}  # of the parked
        self._nursery: trio.Nursery | None = None
        self._empty = trio.Event()  # nobody is left who may ask; replaced by who waits for it

    def add(self, parked: Timed) -> None:
        """Watch a connection, which waits for a request."""
        self._epoll.register(parked.fd, select.EPOLLIN)
        self._parked[parked.fd] = self._timed[parked.fd] = parked
        parked.slot.holder = parked

    def replace(self, parked: Parked) -> None:
        """Let another object have the connection from now on, for as long as it likes."""
        parked.slot = self._parked[parked.fd].slot
        parked.slot.pin()
        self._parked[parked.fd] = parked
        del self._timed[parked.fd]
        self._mind_end()

    def keep(self, parked: Timed) -> None:
        """Let another object have the connection, which still may not wait for ever."""
        parked.slot = self._parked[parked.fd].slot
        parked.slot.holder = parked
        self._parked[parked.fd] = self._timed[parked.fd] = parked

    def watch(self, fd: int, *, reading: bool) -> None:
        """Say whether there is anything to read that is wanted now."""
        if reading:
            self._epoll.register(fd, select.EPOLLIN)
        else:
            self._epoll.unregister(fd)

    def forget(self, fd: int, *, watched: bool) -> Slot:
        """Let go of a connection, which stays open; return its place in the limits."""
        slot = self._parked.pop(fd).slot
        slot.holder = None
        self._timed.pop(fd, None)
        self._mind_end()
        if watched:
            self._epoll.unregister(fd)
        return slot

    def _mind_end(self) -> None:
        if self.leaving and not self._timed:
            self._empty.set()

    def close(self, fd: int, *, watched: bool) -> None:
        """Close a connection; a task that waits on it finds out."""
        self.forget(fd, watched=watched).release()
        trio.lowlevel.notify_closing(fd)
        os.close(fd)

    def hand_over(self, fd: int, received: bytes, *, watched: bool) -> None:
        """Give a connection to Hypercorn."""
        slot = self.forget(fd, watched=watched)
        self._hand_over(fd, received, slot)

    def start(self, function: Callable[[*Ts], Awaitable[None]], *args: *Ts) -> None:
        """Give a connection a task for a while."""
        assert self._nursery is not None, "connections come while the park is open only"
        self._nursery.start_soon(function, *args)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve what is parked, until cancelled; then close all of it."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._look_after)
                nursery.start_soon(self._beat)
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
        """Serve what is ready, and what becomes so meanwhile, for one turn of the loop."""
        get, poll, left = self._parked.get, self._epoll.poll, READS
        while left > 0 and (ready := poll(0, left)):
            left -= len(ready)
            self.now = trio.current_time()
            for fd, _ in ready:
                parked = get(fd)
                if parked is None:
                    continue
                try:
                    parked.readable()
                except Exception as exc:
                    failed(parked, exc)

    async def _look_after(self) -> None:
        """End what has been silent for too long."""
        while True:
            timed = list(self._timed.values())
            size = -(-len(timed) // LOOK_PARTS) or 1
            for part in range(LOOK_PARTS):
                await trio.sleep(LOOK_INTERVAL / LOOK_PARTS)
                now = trio.current_time()
                for number, each in enumerate(timed[part * size : (part + 1) * size]):
                    if self._timed.get(each.fd) is each:  # it may have gone meanwhile
                        self._visit(each, methodcaller("look", now))
                    if number % SLICE == SLICE - 1:
                        await trio.lowlevel.checkpoint()

    async def _beat(self) -> None:
        """Take a turn of the heartbeats, again and again."""
        while True:
            await trio.sleep(self.engine.settings.heartbeat / TURNS)
            self.turn += 1
            await self._each(methodcaller("beat"))

    async def _each(self, visit: Callable[[Parked], None]) -> None:
        """Visit all that is parked, a slice at a time."""
        fds = list(self._parked)
        for start in range(0, len(fds), SLICE):
            for fd in fds[start : start + SLICE]:
                parked = self._parked.get(fd)
                if parked is not None:
                    self._visit(parked, visit)
            await trio.lowlevel.checkpoint()

    @staticmethod
    def _visit(parked: T, visit: Callable[[T], None]) -> None:
        try:
            visit(parked)
        except Exception as exc:
            failed(parked, exc)

    def leave(self, *, last: bool = True) -> None:
        """Tell each client with its next answer that it is the last on its connection, or is not.

        A client that is told so comes back on another connection, and to another
        process; one whose connection just closes may have sent something meanwhile.
        """
        self.leaving = last
        self.answers.close(last=last)

    async def wait_left(self) -> None:
        """Return once no connection is left on which a request could come."""
        while self._timed:
            self._empty = trio.Event()
            await self._empty.wait()

    async def part(self) -> None:
        """End the connections on which nothing has come; what has come is served."""
        for number, each in enumerate(list(self._timed.values())):
            if self._timed.get(each.fd) is each:
                self._visit(each, methodcaller("part"))
            if number % SLICE == SLICE - 1:
                await trio.lowlevel.checkpoint()

    async def write(self, fd: int, data: bytes) -> None:
        """Write all of `data`.

        Raises:
            OSError: The client has gone.
            trio.ClosedResourceError: The connection was closed meanwhile.
            trio.TooSlowError: It took nothing for `SEND_TIMEOUT` seconds.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:
                with trio.fail_after(SEND_TIMEOUT):
                    await trio.lowlevel.wait_writable(fd)
        await trio.lowlevel.checkpoint()
