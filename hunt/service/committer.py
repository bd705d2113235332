"""The side of joint commits that commits: clicks of other workers join this one's lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import trio

from hunt.core import commit_messages as messages
from hunt.core.commit_messages import Frames, MessageError
from hunt.core.events import Click, Outcome, Reward
from hunt.errors import Refused
from hunt.logs import FaultLog

#: Bytes that may wait for a worker that does not read; beyond that its connection is closed.
UNREAD = 16 * 2**20

log = FaultLog("hunt.joint")


class Put(Protocol):
    """Queues a click for its commit, as `Lanes.put`."""

    def __call__(
        self,
        hunt: str,
        click: Click,
        settled: Callable[[Outcome], None],
        now: float,
        *,
        guest: bool,
    ) -> None:
        """Queue it; call `settled` once with the outcome."""


class Committer:
    """Commits clicks of other workers, and tells all of them every commit of this worker.

    Args:
        name: The name of this worker in its notices.
        put: Queues a click; raises `Refused`.
    """

    def __init__(self, name: str, put: Put) -> None:
        self._name = name
        self._put = put
        self._connections: set[_Connection] = set()

    def committed(self, hunt: str, rewards: Sequence[Reward]) -> None:
        """Tell the other workers of a commit of this one; cannot block."""
        if self._connections:
            frame = messages.committed(hunt, rewards)
            for each in self._connections:
                each.send(frame)

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one worker until it closes the connection, or until cancelled."""
        connection = _Connection(stream, self._put)
        connection.send(messages.hello(self._name))
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    async def flush(self) -> None:
        """Return once all messages of now are sent, or their connections have ended."""
        for each in tuple(self._connections):
            await each.flush()


class _Connection:
    """One worker whose clicks are committed here."""

    def __init__(self, stream: trio.SocketStream, put: Put) -> None:
        self._stream = stream
        self._put = put
        self._frames: list[bytes] = []
        self._unsent = 0  # bytes
        self._queued = trio.Event()
        self._sent = trio.Event()  # set after each write, then replaced
        self._scope = trio.CancelScope()

    def send(self, frame: bytes) -> None:
        """Queue a message; end the connection if the worker does not read."""
        self._frames.append(frame)
        self._unsent += len(frame)
        self._queued.set()
        if self._unsent > UNREAD:
            self._scope.cancel()

    async def run(self) -> None:
        """Read and write until the worker closes the connection, or sends no messages."""
        try:
            with self._scope:
                async with self._stream, trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    try:
                        await self._read()
                    except MessageError as exc:
                        log.warning("worker not understood", error=str(exc))
                    nursery.cancel_scope.cancel()
        finally:
            self._wrote(self._unsent)

    async def flush(self) -> None:
        """Return once all messages of now are sent, or the connection has ended."""
        while self._unsent:
            await self._sent.wait()

    def _wrote(self, size: int) -> None:
        self._unsent -= size
        self._sent.set()
        self._sent = trio.Event()

    async def _write(self) -> None:
        with suppress(trio.BrokenResourceError):  # `_read` ends, too
            while True:
                await self._queued.wait()
                self._queued = trio.Event()
                frames, self._frames = self._frames, []
                data = b"".join(frames)
                await self._stream.send_all(data)
                self._wrote(len(data))

    async def _read(self) -> None:
        frames = Frames()
        with suppress(trio.BrokenResourceError):
            while data := await self._stream.receive_some(messages.READ):
                for payload in frames.feed(data):
                    self._take(messages.to_committer(payload))

    def _take(self, message: messages.Forward) -> None:
        clicks = messages.clicks_of(message)
        group = _Group(len(clicks), partial(self._answer, message.number))
        now = trio.current_time()
        for index, click in enumerate(clicks):
            settle = partial(group.settle, index)
            try:
                self._put(message.hunt, click, settle, now, guest=True)
            except Refused as refusal:
                settle(refusal)

    def _answer(self, number: int, outcomes: Sequence[Outcome]) -> None:
        self.send(messages.settled(number, outcomes))


class _Group:
    """The clicks of one message, which are answered together."""

    __slots__ = ("_answer", "_missing", "_outcomes")

    def __init__(self, count: int, answer: Callable[[Sequence[Outcome]], None]) -> None:
        self._answer = answer
        self._missing = count
        self._outcomes: list[Outcome | None] = [None] * count

    def settle(self, index: int, outcome: Outcome) -> None:
        self._outcomes[index] = outcome
        self._missing -= 1
        if not self._missing:
            self._answer([each for each in self._outcomes if each is not None])
