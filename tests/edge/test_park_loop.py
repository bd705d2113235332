"""The loop of the park alone: what it watches, how it takes turns, and how it ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from hypercorn.config import Config
from trio.testing import MockClock

from hunt.edge.head import ParsedHead
from hunt.edge.park import CHECK_INTERVAL, CHECK_PARTS, POLL, READ_TIME, READS, SLICE, Park
from hunt.play.request import CachedIdentity
from hunt.service.eviction import INTERVAL
from tests.support.fake_play import World

HEARTBEAT = 8.0


@dataclass(eq=False)
class Connection:
    """A connection between two requests that notes its visits."""

    park: Park
    fd: int
    visits: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    input: bytes = b""
    fails: bool = False
    slot: Any = field(default_factory=lambda: SimpleNamespace(holder=None, pin=lambda: None))

    def _visit(self, kind: str) -> None:
        self.visits.append(kind)
        self.times.append(trio.current_time())
        if self.fails:
            raise ValueError("a bug")

    def readable(self) -> None:
        self._visit("readable")
        self.input += socket_of(self.fd).recv(100)

    def heartbeat(self) -> int:
        raise NotImplementedError

    def check_timeout(self, now: float) -> None:
        assert now == trio.current_time()
        self._visit("check_timeout")

    def close_if_idle(self) -> None:
        self._visit("close_if_idle")

    def end(self) -> None:
        self.visits.append("end")
        self.park.forget(self.fd, watched=True)

    def idle_since(self) -> float | None:
        return None

    def evict(self) -> None: ...

    def abort(self) -> None: ...


_sockets: dict[int, socket.socket] = {}


def socket_of(fd: int) -> socket.socket:
    return _sockets[fd]


@contextmanager
def parked(count: int) -> Iterator[tuple[Park, list[Connection], list[socket.socket]]]:
    """Yield a park with connections, and the other ends of their sockets."""
    park = Park(
        World().play, heartbeat=HEARTBEAT, config=Config(), hand_over=lambda fd, data, slot: None
    )
    pairs = [socket.socketpair() for _ in range(count)]
    for near, _ in pairs:
        near.setblocking(False)
        _sockets[near.fileno()] = near
    made = [Connection(park, near.fileno()) for near, _ in pairs]
    for each in made:
        park.add(each)
    try:
        yield park, made, [far for _, far in pairs]
    finally:
        for near, far in pairs:
            near.close()
            far.close()


def crowd(park: Park, count: int) -> list[Connection]:
    """Return connections with a timeout that have no socket."""
    made = [Connection(park, -2 - number) for number in range(count)]
    park._timed.update((each.fd, each) for each in made)
    park._parked.update((each.fd, each) for each in made)
    return made


@contextmanager
def turns(made: list[Connection], kind: str) -> Iterator[list[int]]:
    """Yield the visits that each turn of another task has seen."""
    seen: list[int] = []

    class Turns(trio.abc.Instrument):
        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            seen.append(sum(each.visits.count(kind) for each in made))

    instrument = Turns()
    trio.lowlevel.add_instrument(instrument)
    yield seen
    trio.lowlevel.remove_instrument(instrument)


async def test_only_input_is_watched() -> None:
    with parked(1) as (park, [connection], [far]):
        assert park._epoll.poll(0) == []  # though it can be written to
        park.watch(connection.fd, reading=False)
        far.send(b"x")
        assert park._epoll.poll(0) == []
        park.watch(connection.fd, reading=True)
        assert [fd for fd, _ in park._epoll.poll(0)] == [connection.fd]
        socket_of(connection.fd).recv(1)
        assert park._epoll.poll(0) == []


async def test_park_that_has_ended_is_closed_and_empty() -> None:
    with parked(3) as (park, made, _):
        async with trio.open_nursery() as nursery:
            await nursery.start(park.run)
            assert park.open
            nursery.cancel_scope.cancel()
        assert not park.open
        assert not park._parked
        assert [each.visits[-1] for each in made] == ["end"] * 3
        assert park._epoll.closed


async def test_each_batch_of_reads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.edge.park.READ_TIME", 60.0)
    with parked(READS + 10) as (park, made, far):
        for each in far:
            each.send(b"x")
        park._read()
        assert sum(map(len, (each.input for each in made))) == READS
        park._read()
        assert sum(map(len, (each.input for each in made))) == READS + 10
        assert park.now == pytest.approx(trio.current_time(), abs=5)


async def test_slow_requests_wait_for_other_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(self: Connection) -> None:
        end = trio.current_time() + READ_TIME
        while trio.current_time() < end:
            pass
        self.input += socket_of(self.fd).recv(100)

    monkeypatch.setattr(Connection, "readable", slow)
    with parked(3 * POLL) as (park, made, far):
        for each in far:
            each.send(b"x")
        park._read()
        assert sum(map(len, (each.input for each in made))) == POLL
        park._read()
        assert sum(map(len, (each.input for each in made))) == 2 * POLL


async def test_failure_ends_one_connection() -> None:
    with parked(3) as (park, made, far):
        made[1].fails = True
        for each in far:
            each.send(b"x")
        park._read()
        assert [each.visits for each in made] == [["readable"], ["readable", "end"], ["readable"]]
        assert park.faults["contained"] == 1
        assert len(park._parked) == 2


async def test_input_of_a_connection_that_has_gone_meanwhile_is_ignored() -> None:
    with parked(2) as (park, made, far):
        for each in far:
            each.send(b"x")

        def end_the_other(number: int) -> None:
            made[number].visits.append("readable")
            socket_of(made[number].fd).recv(1)
            made[1 - number].end()

        for number, each in enumerate(made):
            each.readable = partial(end_the_other, number)  # type: ignore[method-assign]
        park._read()
        assert sorted(each.visits for each in made) == [["end"], ["readable"]]
        assert park.faults["contained"] == 0


async def test_timeouts_are_checked_in_parts_and_with_checkpoints(
    autojump_clock: MockClock,
) -> None:
    with parked(0) as (park, _, _):
        made = crowd(park, CHECK_PARTS * 2 * SLICE + 1)
        for each in made[::1000]:
            each.fails = True
            each.end = lambda each=each: park._parked.pop(each.fd) and park._timed.pop(each.fd)  # type: ignore
        with turns(made, "check_timeout") as seen:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(park._check_timeouts)
                await trio.sleep(CHECK_INTERVAL * 1.01)
                nursery.cancel_scope.cancel()
        assert all(each.visits.count("check_timeout") == 1 for each in made)
        assert max(b - a for a, b in pairwise(seen)) <= SLICE
        times = sorted({each.times[0] for each in made})
        part = CHECK_INTERVAL / CHECK_PARTS
        assert times == pytest.approx([part * number for number in range(1, CHECK_PARTS + 1)])
        assert park.faults["contained"] == len(made[::1000])


async def test_connection_that_has_gone_has_no_timeout(autojump_clock: MockClock) -> None:
    with parked(0) as (park, _, _):
        made = crowd(park, 2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(park._check_timeouts)
            await trio.testing.wait_all_tasks_blocked()
            del park._timed[made[1].fd]
            await trio.sleep(CHECK_INTERVAL * 1.5)
            nursery.cancel_scope.cancel()
        assert [len(each.visits) for each in made] == [2, 0]


async def test_idle_connections_are_closed_with_checkpoints() -> None:
    with parked(0) as (park, _, _):
        made = crowd(park, 3 * SLICE + 1)
        with turns(made, "close_if_idle") as seen:
            await park.close_idle()
        assert all(each.visits == ["close_if_idle"] for each in made)
        assert max(b - a for a, b in pairwise(seen)) <= SLICE


async def test_clients_are_awaited_until_the_last_has_closed(autojump_clock: MockClock) -> None:
    with parked(2) as (park, made, _):
        park.announce_close(True)
        ended = trio.Event()

        async def wait() -> None:
            await park.wait_clients_closed()
            ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            for each in made:
                await trio.testing.wait_all_tasks_blocked()
                assert not ended.is_set()
                each.end()
            with trio.fail_after(1):
                await ended.wait()


async def test_stream_replaces_its_connection_without_a_timeout() -> None:
    with parked(1) as (park, [connection], _):
        pinned: list[bool] = []
        connection.slot.pin = lambda: pinned.append(True)
        assert connection.slot.holder is connection
        stream = Connection(park, connection.fd)
        park.replace_untimed(stream)
        assert (pinned, stream.slot) == ([True], connection.slot)
        assert (list(park._parked.values()), park._timed) == ([stream], {})
        slot = park.forget(stream.fd, watched=True)
        assert (slot.holder, park._parked) == (None, {})


async def test_default_port_is_that_of_the_scheme() -> None:
    with parked(0) as (park, _, _):
        for heads, port in ((park.heads, 80), (park.secure_heads, 443)):
            for other in (80, 443):
                line = f"GET /v1/hunts/harbour/events HTTP/1.1\r\nHost: hunt:{other}\r\n\r\n"
                head = heads.next_request(line.encode())
                assert isinstance(head, ParsedHead)
                assert head.request.host == ("hunt" if other == port else f"hunt:{other}")


async def test_heads_that_are_not_used_are_dropped(autojump_clock: MockClock) -> None:
    line = b"GET /v1/hunts/harbour/events HTTP/1.1\r\nHost: hunt\r\n\r\n"
    with parked(0) as (park, _, _):
        async with trio.open_nursery() as nursery:
            await nursery.start(park.run)
            for heads in (park.heads, park.secure_heads):
                head = heads.next_request(line)
                assert isinstance(head, ParsedHead)
                head.request.identity = CachedIdentity("ada", 1e12, 0, True, None)
                heads.keep(head)
                heads.keep_read(head)
                assert (len(heads.cache), len(heads.reads)) == (1, 1)
            await trio.sleep(2 * INTERVAL + 1)
            for heads in (park.heads, park.secure_heads):
                assert (len(heads.cache), len(heads.reads)) == (0, 0)
            nursery.cancel_scope.cancel()
