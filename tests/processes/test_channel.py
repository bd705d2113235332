from __future__ import annotations

import socket

import trio

from hunt.processes.channel import Channel
from hunt.processes.messages import Count, Failure, Retire, from_worker, to_worker
from tests.support.peak_memory import peak_memory


def channels() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)


async def test_queued_message_is_replaced_by_its_successor() -> None:
    one, other = channels()
    one.send(Failure("other", "first"))
    one.send(Count())
    one.send(Failure("other", "second"))
    assert await one.flush()
    lines = await other.receive()
    assert lines is not None
    assert from_worker(lines[0]) == Failure("other", "second")
    assert to_worker(lines[1]) == Count()
    one.close()
    assert await other.receive() is None
    other.close()


async def test_sending_does_not_wait_for_the_reader() -> None:
    one, other = channels()
    long = Failure("other", "x" * 4_000_000)  # more than a socket's buffer
    one.send(long)
    with trio.move_on_after(0) as scope:
        await one.flush()
    assert scope.cancelled_caught
    one.send(Retire())
    lines: list[bytes] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.flush)
        while len(lines) < 2:
            lines += await other.receive() or []
    assert from_worker(lines[0]) == long, "the cancelled send goes on where it stopped"
    assert to_worker(lines[1]) == Retire()
    one.close()
    other.close()


async def test_short_message_needs_no_large_buffer() -> None:
    # The heap grows by a large buffer whenever small objects have split its free blocks.
    one, other = channels()
    one.send(Count())
    assert await one.flush()
    with peak_memory() as peak:
        assert await other.receive() is not None
        assert peak() < 50_000
    one.close()
    other.close()


async def test_end_of_the_reader_ends_run() -> None:
    one, other = channels()
    other.close()
    one.send(Count())
    with trio.fail_after(5):
        await one.run()
    one.close()


def test_incomplete_line_of_a_killed_worker_is_ignored() -> None:
    assert from_worker(b'{"type":"Fail') is None
