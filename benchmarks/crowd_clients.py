"""A process that holds many event streams open, at little cost of its own.

A stream is a descriptor, and a few numbers in lists.  A stream that ends is opened again after
the time that the server told it, as a browser does.
"""

from __future__ import annotations

import os
import re
import select
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush
from multiprocessing.connection import Connection

from benchmarks.serving import SECRET, prepare
from hunt.bench.target import TIMEOUT, Target
from hunt.core.tokens import sign

#: Streams of one player; the default limit of a server is ten.
PER_PLAYER = 5

#: Streams of one source address; Linux has about 28,000 ports for each.
PER_ADDRESS = 8000

#: Maximum number of streams that wait for their greeting.
OPENING = 100

#: Seconds until a stream is opened again if it was refused, or ended without a reason.
PAUSE = 1.0

#: IP_BIND_ADDRESS_NO_PORT of linux/in.h: choose the local port at connect.
_BIND_ADDRESS_NO_PORT = 24

_RETRY = re.compile(rb"^retry: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class State:
    """Counts of one process since its start."""

    open: int  #: streams that are open and greeted
    opened: int  #: greetings
    ended: int  #: streams that ended after their greeting
    refused: Counter[str]  #: streams that ended before, by the first line of the response
    heard: int  #: announcements, all streams together
    last: float  #: time of the last of them, by `time.perf_counter`
    cpu: float  #: seconds of CPU of this process


def run(number: int, streams: int, target: Target, orders: Connection) -> None:
    """Hold `streams` streams open, and answer each order with a `State`, until the pipe closes.

    Args:
        number: Number of the process, >= 0, for its players and source addresses.
        streams: Number of streams.
        target: Server and hunt.
        orders: The other end of the pipe.
    """
    prepare()
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        _Streams(number, streams, target).run(orders)


class _Streams:
    def __init__(self, number: int, streams: int, target: Target) -> None:
        self._number = number
        self._target = target
        now = datetime.now(UTC)
        self._requests = [
            target.stream_request(sign((SECRET,), f"crowd-{number}-{player}", ttl=86400, now=now))
            for player in range(-(-streams // PER_PLAYER))
        ]
        self._epoll = select.epoll()
        self._streams: dict[int, int] = {}  # descriptor -> number of the stream
        self._greeting: dict[int, bytes] = {}  # bytes of a stream before its greeting
        self._due = [(0.0, each) for each in range(streams)]  # to be opened, a heap by time
        self._retry: dict[int, float] = {}  # seconds, from the server
        self._opened = self._ended = self._heard = 0
        self._last = 0.0
        self._refused: Counter[str] = Counter()

    def run(self, orders: Connection) -> None:
        """Serve until the pipe is closed."""
        self._epoll.register(orders.fileno(), select.EPOLLIN)
        while True:
            self._open()
            for fd, _ in self._epoll.poll(self._pause(), 512):
                if fd == orders.fileno():
                    orders.recv()
                    orders.send(self._state())
                else:
                    self._read(fd)

    def _state(self) -> State:
        times = os.times()
        return State(
            open=len(self._streams) - len(self._greeting),
            opened=self._opened,
            ended=self._ended,
            refused=self._refused,
            heard=self._heard,
            last=self._last,
            cpu=times.user + times.system,
        )

    def _pause(self) -> float:
        if not self._due or len(self._greeting) >= OPENING:
            return 1.0
        return max(self._due[0][0] - time.perf_counter(), 0.0)

    def _open(self) -> None:
        """Open the streams that are due, as far as the server has greeted earlier ones."""
        now = time.perf_counter()
        while self._due and self._due[0][0] <= now and len(self._greeting) < OPENING:
            _, number = heappop(self._due)
            try:
                fd = self._connected(number)
                os.write(fd, self._requests[number // PER_PLAYER])
            except OSError as exc:
                self._refused[exc.strerror or str(exc)] += 1
                heappush(self._due, (now + PAUSE, number))
                continue
            self._streams[fd] = number
            self._greeting[fd] = b""
            self._epoll.register(fd, select.EPOLLIN)

    def _connected(self, number: int) -> int:
        """Return the descriptor of a new connection from an address of this process."""
        with socket.socket() as sock:
            sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
            sock.bind((f"127.0.{1 + self._number}.{1 + number // PER_ADDRESS}", 0))
            sock.settimeout(TIMEOUT)
            sock.connect((self._target.host, self._target.port))
            sock.setblocking(False)
            return sock.detach()

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(fd)
        elif fd in self._greeting:
            data = self._greeting[fd] + data
            self._greeting[fd] = data
            if b"\nevent: hello\n" in data and data.startswith(b"HTTP/1.1 200"):
                del self._greeting[fd]
                self._opened += 1
        elif len(data) > 16:  # more than a heartbeat; a frame arrives as a whole
            if b"event: announcement\n" in data:
                self._heard += 1
                self._last = time.perf_counter()
            if b"event: drain\n" in data and (found := _RETRY.search(data)):
                self._retry[self._streams[fd]] = int(found[1]) / 1000

    def _close(self, fd: int) -> None:
        """Close a stream that has ended, and open it again later."""
        number = self._streams.pop(fd)
        early = self._greeting.pop(fd, None)
        if early is None:
            self._ended += 1
        else:
            self._refused[early.partition(b"\r\n")[0].decode("latin-1") or "no response"] += 1
        self._epoll.unregister(fd)
        os.close(fd)
        pause = self._retry.pop(number, PAUSE)
        heappush(self._due, (time.perf_counter() + pause, number))
