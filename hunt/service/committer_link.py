"""The side of joint commits that forwards: clicks on their way to the worker that commits them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import trio

from hunt.core import commit_messages as messages
from hunt.core.commit_messages import Committed, Frames, Hello, MessageError, Settled
from hunt.core.events import Click, Outcome, Reward
from hunt.errors import Overloaded, Refused, StoreError
from hunt.logs import FaultLog
from hunt.service.lane import Waiting

#: Seconds without an answer after which further clicks are committed by this worker itself.
SLOW = 0.5

#: Seconds without an answer after which this worker also commits the forwarded clicks itself.
LOST = 2.5

#: Seconds for which clicks gather for a message while another one has no answer.
GATHER = 0.001

#: Draws clicks of a hunt; raises `Refused` or a `StoreError` if it cannot.
Draw = Callable[[str, Sequence[Click]], None]

log = FaultLog("hunt.joint")


@dataclass(frozen=True, slots=True)
class Sent:
    """The clicks of one message."""

    hunt: str
    waiting: list[Waiting]
    known: int  #: last known seq of the log before they were sent
    since: float  #: by Trio's clock


class CommitterLink:
    """A connection to another worker, which commits clicks of this one.

    Each forwarded click is passed on once: to `settled`, or to `lost` if its outcome is not
    known at the end of the connection.

    Args:
        path: The socket of the other worker.
        batch_size: Maximum number of clicks of one message.
        known: Returns the last known seq of a hunt's log.
        settled: Called with a hunt's id, clicks and their outcomes; must not block or raise.
        committed: Called with the rewards of each commit of the other worker; likewise.
        lost: Called with clicks that may or may not be recorded; likewise.
        draw: Draws clicks, as `Drawing.draw`.
    """

    def __init__(
        self,
        path: str,
        *,
        batch_size: int,
        known: Callable[[str], int],
        settled: Callable[[str, Sequence[Waiting], Sequence[Outcome]], None],
        committed: Callable[[str, Sequence[Reward]], None],
        lost: Callable[[Sent], None],
        draw: Draw,
    ) -> None:
        self._path = path
        self._batch_size = batch_size
        self._known = known
        self._settled = settled
        self._committed = committed
        self._lost = lost
        self._draw = draw
        self._queues: dict[str, list[Waiting]] = {}  # hunt -> clicks for the next message
        self._sent: dict[int, Sent] = {}
        self._queued = trio.Event()
        self._numbers = count(1)
        self.name: str | None = None  #: of the other worker, while connected
        self.count = 0  #: clicks without an outcome

    def usable(self, now: float) -> bool:
        """Return whether clicks can be forwarded now."""
        return self.name is not None and self._age(now) < SLOW

    def _age(self, now: float) -> float:
        """Return the age of the oldest message without an answer; 0 without one."""
        for oldest in self._sent.values():
            return now - oldest.since
        return 0.0

    def put(self, hunt: str, waiting: Waiting) -> None:
        """Forward a click with the next message; cannot block."""
        self._queues.setdefault(hunt, []).append(waiting)
        self.count += 1
        self._queued.set()

    async def run(self) -> None:
        """Connect, and forward clicks until the connection is lost, too slow, or cancelled."""
        try:
            try:
                stream = await trio.open_unix_socket(self._path)
            except OSError:
                return  # it is starting or ending
            async with stream, trio.open_nursery() as nursery:
                nursery.start_soon(self._write, stream)
                nursery.start_soon(self._give_up, nursery.cancel_scope)
                try:
                    await self._read(stream)
                except MessageError as exc:
                    log.warning("worker not understood", error=str(exc))
                nursery.cancel_scope.cancel()
        finally:
            self.name = None
            self._end()

    async def _give_up(self, scope: trio.CancelScope) -> None:
        """End the connection once the oldest message has waited too long."""
        while True:
            rest = LOST - self._age(trio.current_time())
            if rest <= 0:
                log.warning("worker does not commit", clicks=self.count)
                scope.cancel()
                return
            await trio.sleep(rest)

    def _end(self) -> None:
        sent, self._sent = self._sent, {}
        queues, self._queues = self._queues, {}
        self.count = 0
        for each in sent.values():
            self._lost(each)
        for hunt, waiting in queues.items():
            self._lost(Sent(hunt, waiting, self._known(hunt), trio.current_time()))

    async def _write(self, stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # `_read` ends, too
            while True:
                await self._queued.wait()
                if self._sent:  # the committer is busy, so these clicks wait there, too
                    await trio.sleep(GATHER)
                self._queued = trio.Event()
                await stream.send_all(b"".join(self._frames()))

    def _frames(self) -> list[bytes]:
        """Return the messages of all queued clicks, which count as sent from now on."""
        queues, self._queues = self._queues, {}
        now = trio.current_time()
        frames = []
        for hunt, queue in queues.items():
            for start in range(0, len(queue), self._batch_size):
                waiting = queue[start : start + self._batch_size]
                clicks = [each.click for each in waiting]
                try:
                    self._draw(hunt, clicks)
                except (Refused, StoreError) as exc:  # the lane of this process takes the clicks
                    refusal = Overloaded(str(exc), retry_after=1.0)
                    self.count -= len(waiting)
                    self._settled(hunt, waiting, [refusal] * len(waiting))
                    continue
                number = next(self._numbers)
                self._sent[number] = Sent(hunt, waiting, self._known(hunt), now)
                frames.append(messages.forward(number, hunt, clicks))
        return frames

    async def _read(self, stream: trio.SocketStream) -> None:
        frames = Frames()
        with suppress(trio.BrokenResourceError):
            while data := await stream.receive_some(messages.READ):
                for payload in frames.feed(data):
                    self._receive(messages.from_committer(payload))

    def _receive(self, message: Hello | Settled | Committed) -> None:
        match message:
            case Settled():
                self._take(message)
            case Committed(hunt=hunt):
                self._committed(hunt, messages.rewards_of(message))
            case Hello(name=name):
                self.name = name

    def _take(self, message: Settled) -> None:
        outcomes = messages.outcomes_of(message)
        sent = self._sent.pop(message.number, None)
        if sent is None or len(sent.waiting) != len(outcomes):
            raise MessageError("a worker answered what it was not sent")
        self.count -= len(outcomes)
        self._settled(sent.hunt, sent.waiting, outcomes)
